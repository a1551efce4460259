import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct WhenAllTests {
    let executor = ManualExecutor()

    @Test(.row("1.2.1"))
    func `whenAll of nothing is an empty array`() async throws {
        #expect(try await Task.whenAll([TaskHandle<Int>]()) == [])
        #expect(try await Task.whenAll([@Sendable () async throws -> Int]()) == [])
    }

    @Test(.row("1.2.2"))
    func `Results are in input order; a task that appears twice appears twice`() async throws {
        let first = TaskCompletionSource<Int>()
        let second = TaskCompletionSource<Int>()
        let all = executor.task { try await Task.whenAll([first.task, second.task, first.task]) }
        executor.runUntilIdle()
        second.trySetResult(2)
        first.trySetResult(1)
        executor.runUntilIdle()
        #expect(try await all.value == [1, 2, 1])
        let twice = TaskHandle<Int>.failed(Failure(1))
        let error = await #expect(throws: AggregateError.self) { try await Task.whenAll([twice, twice]) }
        #expect(error?.errors as? [Failure] == [Failure(1), Failure(1)])
    }

    @Test(.row("1.2.3"))
    func `whenAll waits for all, also when one has failed`() async throws {
        let failed = TaskHandle<Int>.failed(Failure(1))
        let pending = TaskCompletionSource<Int>()
        let log = Recorder<Int>()
        let all = executor.task {
            defer { log.record(1) }
            return try await Task.whenAll([failed, pending.task])
        }
        executor.runUntilIdle()
        #expect(log.entries.isEmpty)
        pending.trySetResult(1)
        executor.runUntilIdle()
        await #expect(throws: AggregateError.self) { try await all.value }
    }

    @Test(.row("1.2.4"))
    func `With a failure cancellations are left out; with cancellations alone it is a cancellation`() async {
        let error = await #expect(throws: AggregateError.self) {
            try await Task.whenAll([.cancelled, .failed(Failure(2)), .cancelled] as [TaskHandle<Int>])
        }
        #expect(error?.errors as? [Failure] == [Failure(2)])
        await #expect(throws: CancellationError.self) {
            try await Task.whenAll([.cancelled, .completed(1)] as [TaskHandle<Int>])
        }
    }

    @Test(.row("1.2.5"))
    func `Errors are in input order, whatever the order in which the tasks failed`() async {
        let sources = (0..<3).map { _ in TaskCompletionSource<Int>() }
        let all = executor.task { try await Task.whenAll(sources.map(\.task)) }
        executor.runUntilIdle()
        for number in [2, 0, 1] { sources[number].trySetError(Failure(number)) }
        executor.runUntilIdle()
        let error = await #expect(throws: AggregateError.self) { try await all.value }
        #expect(error?.errors as? [Failure] == [Failure(0), Failure(1), Failure(2)])
    }

    @Test func `Cancelling the wait ends it and leaves the tasks alone`() async {
        let source = TaskCompletionSource<Int>()
        let all = executor.task { try await Task.whenAll([source.task]) }
        executor.runUntilIdle()
        all.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await all.value }
        #expect(source.task.status == .waiting)
        source.trySetResult(1)
    }

    @Test func `whenAll takes Swift tasks, mixed kinds, packs and closures`() async throws {
        let swift = Task { 1 }
        #expect(try await Task.whenAll([swift, Task { 2 }]) == [1, 2])
        let mixed: [any Awaitable<Int>] = [swift, TaskHandle.completed(2), ValueTask.completed(3)]
        #expect(try await Task.whenAll(mixed) == [1, 2, 3])
        let (number, text) = try await Task.whenAll(swift, Task { "text" })
        #expect(number == 1 && text == "text")
        #expect(try await Task.whenAll({ 1 }, { 2 }) == [1, 2])
        let closures: [@Sendable () async throws -> Int] = [{ 3 }, { throw Failure(4) }, { throw Failure(5) }]
        let error = await #expect(throws: AggregateError.self) { try await Task.whenAll(closures) }
        #expect(error?.errors as? [Failure] == [Failure(4), Failure(5)])
    }
}

@Suite(.leakFree) struct WhenAnyTests {
    let executor = ManualExecutor()

    @Test func `A task and an aggregate in an aggregate describe themselves`() {
        let task = TaskHandle<Int>(name: "sum", fileID: "App/Main.swift", line: 7) { 1 }
        #expect("\(task)" == "task \(task.id) \"sum\", created, created at App/Main.swift:7")
        let nested = AggregateError([Failure(1), AggregateError([Failure(2), Failure(3)])])
        #expect(
            "\(nested)"
                == "2 errors:\n  1. \(Failure(1))\n  2. 2 errors:\n       1. \(Failure(2))\n       2. \(Failure(3))")
    }

    @Test
    func `whenAny takes tasks, awaitables of different kinds, and closures whose losers run on`() async throws {
        let open = TaskCompletionSource<Int>()
        let ended: TaskHandle<Int> = Task.run { 1 }
        #expect(try await Task.whenAny(open.task, ended) === ended)
        let any: any Awaitable<Int> = try await Task.whenAny(open.task, ValueTask.completed(2))
        #expect(try await any.outcome.get() == 2)
        let loser = TaskCompletionSource<Void>()
        let winner = try await Task.whenAny(
            {
                let value = try await open.task.value
                loser.trySetResult()
                return value
            }, { 3 })
        #expect(try await winner.value == 3)
        let closures: [@Sendable () async throws -> Int] = [{ try await open.task.value }, { 5 }]
        #expect(try await Task.whenAny(closures).value == 5)
        await #expect(throws: ArgumentError.self) {
            try await Task.whenAny([@Sendable () async throws -> Int]())
        }
        await #expect(throws: CancellationError.self) {
            try await Task.whenAny(open.task, open.task, cancellation: .cancelled)
        }
        open.trySetResult(4)
        await loser.task.settled()
    }

    @Test(.row("1.2.8"))
    func `whenAny of nothing is refused`() async {
        await #expect(throws: ArgumentError.self) { try await Task.whenAny([TaskHandle<Int>]()) }
        await #expect(throws: ArgumentError.self) { try await Task.race(of: [@Sendable () async throws -> Int]()) }
        await #expect(throws: ArgumentError.self) {
            try await Task.firstSuccess(of: [@Sendable () async throws -> Int]())
        }
    }

    @Test(.row("1.2.9"))
    func `whenAny returns the first that ends, a failed one too, and the others run on`() async throws {
        let first = TaskCompletionSource<Int>()
        let second = TaskCompletionSource<Int>()
        let any = executor.task { try await Task.whenAny([first.task, second.task]) }
        executor.runUntilIdle()
        second.trySetError(Failure(2))
        executor.runUntilIdle()
        #expect(try await any.value === second.task)
        #expect(first.task.status == .waiting)
        first.trySetResult(1)
    }

    @Test(.row("1.2.9"))
    func `Of several that have ended whenAny returns the first in input order`() async throws {
        let ended = [TaskHandle<Int>.failed(Failure(1)), .completed(2)]
        #expect(try await Task.whenAny([TaskCompletionSource<Int>().task] + ended) === ended[0])
        let any: any Awaitable<Int> = try await Task.whenAny([ValueTask.completed(1)] as [any Awaitable<Int>])
        #expect(try await any.handle.value == 1)
    }

    @Test func `A task that outlives many waits keeps nothing of them`() async throws {
        let forever = TaskCompletionSource<Int>()
        weak var last: TaskHandle<Int>?
        for _ in 0..<10 {
            let other = TaskCompletionSource<Int>()
            let any = executor.task { try await Task.whenAny([forever.task, other.task]).id }
            executor.runUntilIdle()
            other.trySetResult(1)
            executor.runUntilIdle()
            #expect(try await any.value == other.task.id)
            last = other.task
        }
        #expect(last == nil)
        forever.trySetResult(1)
    }

    @Test(.row("1.2.10"))
    func `whenEach yields the ended ones first in input order, then the others as they end, failures included`()
        async throws
    {
        let sources = (0..<4).map { _ in TaskCompletionSource<Int>() }
        sources[3].trySetResult(3)
        sources[1].trySetError(Failure(1))
        let log = Recorder<UInt64>()
        let tasks = sources.map(\.task) + [sources[3].task]
        executor.task { for try await task in Task.whenEach(tasks) { log.record(task.id) } }
        executor.runUntilIdle()
        #expect(log.entries == [1, 3, 3].map { sources[$0].task.id })
        sources[2].trySetResult(2)
        sources[0].trySetCancelled()
        executor.runUntilIdle()
        #expect(log.entries == [1, 3, 3, 2, 0].map { sources[$0].task.id })
    }

    @Test(.row("1.2.10"))
    func `whenEach of nothing ends, a second iteration is empty, cancellation wins over a ready element`() async throws
    {
        for try await _ in Task.whenEach([TaskHandle<Int>]()) { Issue.record("nothing to yield") }
        var kinds: [Int] = []
        for try await task in Task.whenEach([ValueTask.completed(1), TaskHandle.completed(2)] as [any Awaitable<Int>]) {
            kinds.append(try await task.value)
        }
        #expect(kinds == [1, 2])
        let sequence = Task.whenEach([TaskHandle.completed(1)])
        var count = 0
        for try await _ in sequence { count += 1 }
        for try await _ in sequence { count += 1 }
        #expect(count == 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            for try await _ in Task.whenEach([TaskHandle.completed(1)]) {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `race ends as the first does; the losers are cancelled and waited for`() throws {
        let log = Recorder<String>()
        let outcome = executor.task { () async throws -> Int in
            try await Task.race(
                { throw Failure(1) },
                {
                    while !Task.isCancelled { await Task.yield() }
                    await Task.yield()
                    log.record("loser ended")
                    return 2
                })
        }
        let after = executor.task {
            let result = await outcome.outcome
            log.record("race ended: \(result)")
        }
        executor.runUntilIdle()
        #expect(log.entries.first == "loser ended")
        #expect(log.count == 2)
        withExtendedLifetime(after) {}
    }

    @Test func `firstSuccess ignores failures while somebody may still succeed`() async throws {
        #expect(
            try await Task.firstSuccess(of: 0..<5) { number -> Int in
                if number != 3 { throw Failure(number) } else { 3 }
            } == 3)
        let error = await #expect(throws: AggregateError.self) {
            try await Task.firstSuccess(of: 0..<3) { number -> Int in throw Failure(number) }
        }
        #expect(error?.errors as? [Failure] == [Failure(0), Failure(1), Failure(2)])
    }
}

/// Every combinator takes a token; those that run closures cancel and await them.
@Suite(.leakFree) struct CombinatorTokenTests {
    @Test func `A token ends the wait of whenAll for a pack and of whenEach, and the tasks run on`() async throws {
        let source = TaskCompletionSource<Int>()
        let token = CancellationTokenSource()
        let executor = ManualExecutor()
        let all = executor.task {
            try await Task.whenAll(source.task, TaskHandle.completed("text"), cancellation: token.token)
        }
        let each = executor.task {
            for try await _ in Task.whenEach([source.task], cancellation: token.token) { Issue.record("nothing ended") }
        }
        executor.runUntilIdle()
        token.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { _ = try await all.value }
        await #expect(throws: CancellationError.self) { try await each.value }
        #expect(source.task.status == .waiting)
        source.trySetResult(1)
        let (number, text) = try await Task.whenAll(
            source.task, TaskHandle.completed("text"), cancellation: .cancelled)
        #expect(number == 1 && text == "text", "what has ended wins")
        await #expect(throws: CancellationError.self) {
            for try await _ in Task.whenEach([source.task], cancellation: .cancelled) {}
        }
    }

    @Test func `A token cancels the closures of whenAll, race and firstSuccess, and they are waited for`() async throws
    {
        let ended = Counter()
        let operation: @Sendable () async throws -> Int = {
            defer { ended.add() }
            while !Task.isCancelled { await Task.yield() }
            throw CancellationError()
        }
        let calls: [@Sendable (CancellationToken) async throws -> Void] = [
            { _ = try await Task.whenAll([operation, operation], cancellation: $0) },
            { _ = try await Task.whenAll(operation, operation, cancellation: $0) },
            { _ = try await Task.race(of: [operation, operation], cancellation: $0) },
            { _ = try await Task.race(operation, operation, cancellation: $0) },
            { _ = try await Task.race(of: 0..<2, cancellation: $0) { _ in try await operation() } },
            { _ = try await Task.firstSuccess(of: [operation, operation], cancellation: $0) },
            { _ = try await Task.firstSuccess(operation, operation, cancellation: $0) },
            { _ = try await Task.firstSuccess(of: 0..<2, cancellation: $0) { _ in try await operation() } },
        ]
        for (number, call) in calls.enumerated() {
            let source = CancellationTokenSource()
            let task = Task { try await call(source.token) }
            for _ in 0..<20 { await Task.yield() }
            source.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ended.value == 2 * number + 2)
        }
    }
}

@Suite(.leakFree) struct AggregateErrorTests {
    @Test(.row("1.2.12"))
    func `flattened keeps order and duplicates, handle throws what was not handled, baseError descends`() throws {
        let nested = AggregateError([Failure(1), AggregateError([Failure(2), AggregateError([Failure(1)])])])
        #expect(nested.flattened.errors as? [Failure] == [Failure(1), Failure(2), Failure(1)])
        #expect(AggregateError([]).flattened.errors.isEmpty)
        let rest = try #require(throws: AggregateError.self) {
            try nested.flattened.handle { ($0 as? Failure) == Failure(1) }
        }
        #expect(rest.errors as? [Failure] == [Failure(2)])
        try nested.handle { _ in true }
        #expect(AggregateError([AggregateError([Failure(5)])]).baseError as? Failure == Failure(5))
        #expect(nested.baseError is AggregateError && AggregateError([]).baseError is AggregateError)
        #expect("\(nested.flattened)".hasPrefix("3 errors:\n  1. Failure(number: 1)"))
    }

    @Test(.row("1.2.13"))
    func `An error passes through nested tasks unwrapped, and through whenAll with exactly one aggregate around it`()
        async
    {
        let inner = Task.run { throw Failure(1) }
        let outer = Task.run { try await inner.value }
        await #expect(throws: Failure(1)) { try await outer.value }
        let error = await #expect(throws: AggregateError.self) { try await Task.whenAll([outer]) }
        #expect(error?.errors as? [Failure] == [Failure(1)])
    }
}
