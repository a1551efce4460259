import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct CancellationTokenTests {
    @Test(.row("1.5.1"))
    func `Tokens are equal if they come from one source`() throws {
        let source = CancellationTokenSource()
        #expect(source.token == source.token)
        #expect(source.token.hashValue == source.token.hashValue)
        #expect(CancellationToken.none == .none && !CancellationToken.none.canBeCancelled)
        #expect(CancellationToken.cancelled == .cancelled && CancellationToken.cancelled.isCancellationRequested)
        let first = try CancellationTokenSource(cancelAfter: .zero)
        let second = try CancellationTokenSource(cancelAfter: .zero)
        #expect(first.token != second.token)
    }

    @Test(.row("1.5.2"))
    func `cancel runs the callbacks on the caller, the last registered first, and only once`() {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        for number in 1...4 { source.token.register { log.record(number) } }
        #expect(source.cancel())
        #expect(log.entries == [4, 3, 2, 1])
        #expect(!source.cancel())
        #expect(log.count == 4)
    }

    @Test(.row("1.5.2"))
    func `A second cancel returns at once while callbacks still run`() {
        let source = CancellationTokenSource()
        let log = Recorder<String>()
        source.token.register { log.record("first registered") }
        source.token.register { log.record(source.cancel() ? "cancelled twice" : "second cancel returned") }
        source.cancel()
        #expect(log.entries == ["second cancel returned", "first registered"])
    }

    @Test(.row("1.5.3"))
    func `Errors of callbacks come out together, in the order in which the callbacks ran`() throws {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        for number in 1...3 {
            try source.token.register { () throws in
                log.record(number)
                if number != 2 { throw Failure(number) }
            }
        }
        let error = try #require(throws: AggregateError.self) { try source.cancel(throwOnFirstError: false) }
        #expect(error.errors as? [Failure] == [Failure(3), Failure(1)])
        #expect(log.entries == [3, 2, 1])
    }

    @Test(.row("1.5.3"))
    func `With throwOnFirstError the first error comes out as it is and the remaining callbacks never run`() throws {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        for number in 1...3 {
            try source.token.register { () throws in
                log.record(number)
                if number == 2 { throw Failure(number) }
            }
        }
        #expect(throws: Failure(2)) { try source.cancel(throwOnFirstError: true) }
        #expect(log.entries == [3, 2])
        source.cancel()
        #expect(log.count == 2)
    }

    @Test(.row("1.5.4"))
    func `isCancellationRequested is true before any callback runs`() {
        let source = CancellationTokenSource()
        let log = Recorder<Bool>()
        source.token.register { log.record(source.token.isCancellationRequested) }
        source.cancel()
        #expect(log.entries == [true])
    }

    @Test(.row("1.5.5"))
    func `Registering on a cancelled token runs the callback before it returns, and there is nothing to take back`() {
        let source = CancellationTokenSource()
        source.cancel()
        let log = Recorder<Int>()
        let registration = source.token.register { log.record(1) }
        #expect(log.entries == [1])
        #expect(!registration.unregister())
        #expect(throws: Failure(7)) { try source.token.register { () throws in throw Failure(7) } }
    }

    @Test(.row("1.5.6"))
    func `Registering from inside a callback runs in place`() {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        source.token.register {
            log.record(1)
            source.token.register { log.record(2) }
            log.record(3)
        }
        source.cancel()
        #expect(log.entries == [1, 2, 3])
    }

    @Test(.row("1.5.7"))
    func `A callback registered several times is several registrations`() {
        let source = CancellationTokenSource()
        let counter = Counter()
        let callback: @Sendable () -> Void = { counter.add() }
        let registrations = (0..<3).map { _ in source.token.register(callback) }
        #expect(registrations[1].unregister())
        source.cancel()
        #expect(counter.value == 2)
    }

    @Test(.row("1.5.11"))
    func `A callback can be taken back while others run`() {
        let source = CancellationTokenSource()
        let log = Recorder<String>()
        source.token.register { log.record("c0") }
        let middle = source.token.register { log.record("c1") }
        source.token.register { log.record("c2: \(middle.unregister())") }
        source.cancel()
        #expect(log.entries == ["c2: true", "c0"])
    }

    @Test(.row("1.5.12"))
    func `Callbacks see the task-local values of whoever cancels`() {
        let source = CancellationTokenSource()
        let log = Recorder<Int>()
        Local.$value.withValue(1) { _ = source.token.register { log.record(Local.value) } }
        Local.$value.withValue(2) { _ = source.cancel() }
        #expect(log.entries == [2])
    }

    @Test(.row("1.5.20"))
    func `throwIfCancellationRequested throws CancellationError once cancelled`() throws {
        let source = CancellationTokenSource()
        try source.token.throwIfCancellationRequested()
        source.cancel()
        #expect(throws: CancellationError.self) { try source.token.throwIfCancellationRequested() }
    }
}

enum Local {
    @TaskLocal static var value = 0
}
