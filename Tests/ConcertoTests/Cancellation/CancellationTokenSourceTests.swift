import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct CancellationTokenSourceTests {
    let clock = ManualClock()

    @Test(.row("1.5.13"))
    func `cancelAsync flips the state at once and runs the callbacks elsewhere, in order`() async throws {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        let hasReturned = ThreadGate()
        for number in 1...3 {
            try source.token.register { () throws in
                // Would never go on inside the call.
                hasReturned.wait()
                log.record(number)
                if number == 2 { throw Failure(number) }
            }
        }
        let task = source.cancelAsync()
        #expect(source.isCancellationRequested && log.entries.isEmpty)
        hasReturned.open()
        let error = await #expect(throws: AggregateError.self) { try await task.value }
        #expect(error?.errors as? [Failure] == [Failure(2)])
        #expect(log.entries == [3, 2, 1])
    }

    @Test(.row("1.5.13"))
    func `cancelAsync with nothing to do has ended already, and fails on a disposed source`() async throws {
        let source = CancellationTokenSource()
        #expect(source.cancelAsync().status == .succeeded)
        #expect(source.cancelAsync().status == .succeeded)
        let disposed = CancellationTokenSource()
        disposed.dispose()
        await #expect(throws: ClosedError.self) { try await disposed.cancelAsync().value }
    }

    @Test(.row("1.5.14"))
    func `cancel(after:) replaces the pending delay, nil takes it back`() throws {
        let source = CancellationTokenSource(clock: clock)
        try source.cancel(after: .seconds(1))
        try source.cancel(after: .seconds(3))
        #expect(clock.pending == 1)
        clock.advance(by: .seconds(2))
        #expect(!source.isCancellationRequested)
        try source.cancel(after: nil)
        #expect(clock.pending == 0)
        clock.advance(by: .seconds(10))
        #expect(!source.isCancellationRequested)
        try source.cancel(after: .seconds(1))
        clock.advance(by: .seconds(1))
        #expect(source.isCancellationRequested)
        try source.cancel(after: .seconds(1))
        #expect(clock.pending == 0)
    }

    @Test(.row("1.5.14"))
    func `cancel(after:) checks its range before whether the source was disposed of`() {
        let source = CancellationTokenSource(clock: clock)
        source.dispose()
        #expect(throws: ArgumentError.self) { try source.cancel(after: .seconds(-1)) }
        #expect(throws: ClosedError.self) { try source.cancel(after: .seconds(1)) }
    }

    @Test(.row("1.5.15"))
    func `A source with a delay of zero is born cancelled, a negative one is refused`() throws {
        #expect(try CancellationTokenSource(cancelAfter: .zero, clock: clock).isCancellationRequested)
        #expect(throws: ArgumentError.self) { try CancellationTokenSource(cancelAfter: .seconds(-1)) }
        let source = try CancellationTokenSource(cancelAfter: .seconds(1), clock: clock)
        try source.cancel(after: .seconds(2))
        clock.advance(by: .seconds(1))
        #expect(!source.isCancellationRequested, "the later delay uses the clock of the source as well")
        clock.advance(by: .seconds(1))
        #expect(source.isCancellationRequested)
    }

    @Test(.row("1.5.16"))
    func `A pending delay keeps the source and its callbacks alive`() async throws {
        let called = TaskCompletionSource<Int>()
        do {
            let source = try CancellationTokenSource(cancelAfter: .seconds(1), clock: clock)
            source.token.register { called.trySetResult(1) }
        }
        clock.advance(by: .seconds(1))
        #expect(try await called.task.value == 1)
    }

    @Test(.row("1.5.17"))
    func `tryReset drops callbacks and timer, and says no once cancelled`() throws {
        let source = CancellationTokenSource(clock: clock)
        let token = source.token
        let log = Recorder<Int>()
        token.register { log.record(1) }
        try source.cancel(after: .seconds(1))
        #expect(source.tryReset())
        #expect(clock.pending == 0)
        clock.advance(by: .seconds(2))
        #expect(!token.isCancellationRequested)
        token.register { log.record(2) }
        source.cancel()
        #expect(log.entries == [2])
        #expect(!source.tryReset())
        #expect(token.isCancellationRequested)
    }

    @Test(.row("1.5.19"))
    func `After dispose only the state can be asked, and tokens accept callbacks that never run`() throws {
        let source = CancellationTokenSource(clock: clock)
        let token = source.token
        let counter = Counter()
        token.register { counter.add() }
        try source.cancel(after: .seconds(1))
        source.dispose()
        source.dispose()
        #expect(clock.pending == 0)
        #expect(throws: ClosedError.self) { try source.cancel(throwOnFirstError: false) }
        #expect(!source.cancel())
        #expect(!source.isCancellationRequested)
        #expect(!token.register { counter.add() }.unregister())
        #expect(!source.tryReset())
        #expect(counter.value == 0)
    }

    // Cause: one form of cancel threw after cancel and dispose, the other did not, and the comment said that both do.
    @Test func `On a source that was cancelled and then disposed of every form of cancel does nothing`() throws {
        let source = CancellationTokenSource(clock: clock)
        source.cancel()
        source.dispose()
        try source.cancel(throwOnFirstError: true)
        try source.cancel(after: .seconds(1))
        try source.cancel(after: nil)
        #expect(!source.cancel())
        #expect(clock.pending == 0)
    }

    @Test func `A source and its token say where they stand`() {
        let source = CancellationTokenSource()
        #expect(
            "\(source) \(source.token)" == "CancellationTokenSource(not cancelled) CancellationToken(not cancelled)")
        source.cancel()
        #expect("\(source) \(source.token)" == "CancellationTokenSource(cancelled) CancellationToken(cancelled)")
        #expect("\(CancellationToken.none)" == "CancellationToken(none)")
    }

    @Test(.row("1.5.19"))
    func `Disposing inside a callback lets the remaining callbacks run`() {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        source.token.register { log.record(1) }
        source.token.register {
            source.dispose()
            log.record(2)
        }
        source.cancel()
        #expect(log.entries == [2, 1])
    }
}

@Suite(.leakFree) struct LinkedCancellationTests {
    @Test(.row("1.5.18"))
    func `A linked source is cancelled with any parent and never reaches them`() {
        let first = CancellationTokenSource()
        let second = CancellationTokenSource()
        let linked = CancellationTokenSource(linkedTo: first.token, second.token, .none)
        let nested = CancellationTokenSource(linkedTo: linked.token)
        let sibling = CancellationTokenSource(linkedTo: first.token)
        sibling.cancel()
        #expect(!first.isCancellationRequested)
        second.cancel()
        #expect(linked.isCancellationRequested && nested.isCancellationRequested)
        #expect(!first.isCancellationRequested)
        #expect(CancellationTokenSource(linkedTo: second.token).isCancellationRequested)
    }

    @Test(.row("1.5.18"))
    func `A linked source needs a token`() {
        #expect(throws: ArgumentError.self) { try CancellationTokenSource(linkedTo: []) }
    }

    @Test(.row("1.5.18"))
    func `Errors of a linked source's callbacks arrive at the parent as one aggregate`() throws {
        let parent = CancellationTokenSource()
        let child = CancellationTokenSource(linkedTo: parent.token)
        try child.token.register { () throws in throw Failure(1) }
        let error = try #require(throws: AggregateError.self) { try parent.cancel(throwOnFirstError: true) }
        #expect(error.errors as? [Failure] == [Failure(1)])
    }

    @Test(.row("1.5.18"))
    func `A linked source that nobody refers to goes away, one with callbacks stays until its parent goes`() {
        let parent = CancellationTokenSource()
        weak var unheard: CancellationTokenSource?
        weak var heard: CancellationTokenSource?
        let log = Recorder<Int>()
        do {
            let first = CancellationTokenSource(linkedTo: parent.token)
            unheard = first
            let second = CancellationTokenSource(linkedTo: parent.token)
            second.token.register { log.record(1) }
            heard = second
        }
        #expect(unheard == nil)
        #expect(heard != nil)
        parent.cancel()
        #expect(log.entries == [1])
        #expect(heard == nil)
        do {
            let shortLived = CancellationTokenSource()
            let second = CancellationTokenSource(linkedTo: shortLived.token)
            second.token.register { log.record(2) }
            heard = second
        }
        #expect(heard == nil)
    }

    @Test(.row("1.5.18"))
    func `A linked source can be disposed of after its parent`() {
        let parent = CancellationTokenSource()
        let child = CancellationTokenSource(linkedTo: parent.token)
        parent.dispose()
        child.dispose()
        #expect(!child.isCancellationRequested)
    }
}
