import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct ParallelTests {
    let executor = ManualExecutor()

    @Test(.row("1.9.9"))
    func `mapConcurrently returns results in the order of the elements, or as they came`() async throws {
        let gates = (0..<4).map { _ in TaskCompletionSource<Int>() }
        let ordered = executor.task { try await (0..<4).mapConcurrently(limit: 4) { try await gates[$0].task.value } }
        let arriving = executor.task {
            try await (0..<4).mapConcurrently(limit: 4, ordered: false) { try await gates[$0].task.value }
        }
        executor.runUntilIdle()
        for number in [2, 0, 3, 1] {
            gates[number].trySetResult(number)
            executor.runUntilIdle()
        }
        #expect(try await ordered.value == [0, 1, 2, 3])
        #expect(try await arriving.value == [2, 0, 3, 1])
        #expect(try await [Int]().mapConcurrently(limit: 1) { $0 } == [])
    }

    @Test(.row("1.9.2"))
    func `No more than the limit run at a time; a limit below one is refused`() async throws {
        let running = Counter()
        let most = Counter()
        try await (0..<200).forEachConcurrently(limit: 7) { _ in
            if running.add() > 7 { most.add() }
            await Task.yield()
            running.add(-1)
        }
        #expect(most.value == 0)
        for limit in [0, -1] {
            await #expect(throws: ArgumentError.self) { try await (0..<2).forEachConcurrently(limit: limit) { _ in } }
            await #expect(throws: ArgumentError.self) {
                try await Parallel.forEach(0..<2, maxConcurrency: limit) { _ in }
            }
        }
        let sum = Counter()
        try await Parallel.forEach(1...100) { sum.add($0) }
        #expect(sum.value == 5_050)
    }

    @Test(.row("1.9.3"))
    func `The source is read lazily, one element for each free worker, and never from two at once`() async throws {
        let taken = Counter()
        let gate = TaskCompletionSource<Void>()
        let source = (0..<10).lazy.map { (number: Int) -> Int in
            taken.add()
            return number
        }
        executor.task { try await source.forEachConcurrently(limit: 3) { _ in await gate.task.settled() } }
        executor.runUntilIdle()
        #expect(taken.value == 3)
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(taken.value == 10)
    }

    // A source that is read by two at once counts wrong, and ThreadSanitizer says so.
    @Test(.row("1.9.3"))
    func `On real threads the source is never read by two at once, and a short one starts no idle worker`() async throws
    {
        final class Source: Sequence, IteratorProtocol {
            var next_ = 0
            func next() -> Int? {
                guard next_ < 20_000 else { return nil }
                next_ += 1
                return next_
            }
        }
        let sum = Counter()
        try await Source().forEachConcurrently(limit: 8) { sum.add($0) }
        #expect(sum.value == 20_000 * 20_001 / 2)
        let waiting = AsyncCountdownEvent(count: 3)
        let all = executor.task {
            try await (0..<3).forEachConcurrently(limit: 1_000) { _ in
                try waiting.signal()
                try await waiting.wait()
            }
        }
        // The caller, three workers, three resumptions, the caller again: nothing for the 997 that were not needed.
        #expect(executor.runUntilIdle() < 12)
        try await all.value
    }

    @Test(.row("1.9.1"))
    func `Bodies run in tasks of their own; a loop that is cancelled before it starts does not touch its source`()
        async throws
    {
        let caller = withUnsafeCurrentTask { $0?.hashValue ?? 0 }
        try await (0..<3).forEachConcurrently(limit: 1) { _ in
            #expect(withUnsafeCurrentTask { $0?.hashValue ?? 0 } != caller)
        }
        let taken = Counter()
        let source = (0..<10).lazy.map { (number: Int) -> Int in taken.add() }
        await #expect(throws: CancellationError.self) {
            try await source.forEachConcurrently(limit: 3, cancellation: .cancelled) { _ in }
        }
        #expect(taken.value == 0)
    }

    @Test(.row("1.9.4", "1.9.5"))
    func
        `At the first failure nothing more is read, bodies in flight are cancelled and awaited, and every failure comes out`()
        async throws
    {
        let log = Recorder<String>()
        let loop = executor.task {
            try await (0..<100).forEachConcurrently(limit: 4) { number in
                switch number {
                case 0: throw Failure(0)
                case 1:
                    while !Task.isCancelled { await Task.yield() }
                    throw Failure(1)
                case 2:
                    while !Task.isCancelled { await Task.yield() }
                    throw CancellationError()
                default:
                    while !Task.isCancelled { await Task.yield() }
                    log.record("\(number) ended")
                }
            }
        }
        executor.runUntilIdle()
        let error = await #expect(throws: AggregateError.self) { try await loop.value }
        #expect(error?.errors as? [Failure] == [Failure(0), Failure(1)])
        #expect(log.entries == ["3 ended"])
    }

    @Test(.row("1.9.6"))
    func `Cancellation from outside wins over failures`() async throws {
        let token = CancellationTokenSource()
        let loop = executor.task {
            try await (0..<4).forEachConcurrently(limit: 4, cancellation: token.token) { number in
                while !Task.isCancelled { await Task.yield() }
                if number == 2 { throw CancellationError() }
            }
        }
        for _ in 0..<50 { executor.runOne() }
        token.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await loop.value }
        let byTask = executor.task {
            try await (0..<4).mapConcurrently(limit: 2) { _ in while !Task.isCancelled { await Task.yield() } }
        }
        for _ in 0..<50 { executor.runOne() }
        byTask.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await byTask.value }
    }

    @Test(.row("1.9.7"))
    func `A body that throws CancellationError while nothing is cancelled has failed`() async {
        let error = await #expect(throws: AggregateError.self) {
            try await (0..<1).forEachConcurrently(limit: 1) { _ in throw CancellationError() }
        }
        #expect(error?.errors.count == 1)
    }

    @Test(.row("1.9.8"))
    func `A cancellation callback that throws does not hang the loop`() async throws {
        let token = CancellationTokenSource()
        try token.token.register { () throws in throw Failure(9) }
        let started = TaskCompletionSource<Void>()
        let loop = Task {
            try await (0..<4).forEachConcurrently(limit: 2, cancellation: token.token) { _ in
                started.trySetResult()
                while !Task.isCancelled { await Task.yield() }
            }
        }
        await started.task.settled()
        #expect(throws: AggregateError.self) { try token.cancel(throwOnFirstError: false) }
        await #expect(throws: CancellationError.self) { try await loop.value }
    }

    @Test(.row("1.6.10"))
    func `Task-local values flow into the bodies`() async throws {
        let seen = try await Local.$value.withValue(4) {
            try await (0..<3).mapConcurrently(limit: 2) { _ in Local.value }
        }
        #expect(seen == [4, 4, 4])
    }

    @Test func `A million elements in constant memory`() async throws {
        let sum = Counter()
        try await (0..<1_000_000).forEachConcurrently(limit: 4) { sum.add($0 & 1) }
        #expect(sum.value == 500_000)
    }
}
