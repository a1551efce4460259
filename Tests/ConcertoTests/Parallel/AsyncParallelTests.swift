import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct AsyncParallelTests {
    private func numbers(_ count: Int) -> UnboundedChannel<Int> {
        let channel = UnboundedChannel<Int>()
        for number in 0..<count { _ = channel.tryWrite(number) }
        channel.tryComplete()
        return channel
    }

    @Test(.row("1.10.1"))
    func `An asynchronous sequence is mapped in order, at most the limit at a time`() async throws {
        let running = Counter()
        let most = Counter()
        let squares = try await numbers(200).mapConcurrently(limit: 5) { number in
            if running.add() > 5 { most.add() }
            await Task.yield()
            running.add(-1)
            return number * number
        }
        #expect(squares == (0..<200).map { $0 * $0 } && most.value == 0)
        let unordered = try await numbers(50).mapConcurrently(limit: 5, ordered: false) { $0 }
        #expect(unordered.sorted() == Array(0..<50))
        await #expect(throws: ArgumentError.self) { try await numbers(1).forEachConcurrently(limit: 0) { _ in } }
        let sum = Counter()
        try await Parallel.forEach(numbers(101), maxConcurrency: 3) { sum.add($0) }
        try await Parallel.forEach(numbers(101)) { sum.add($0) }
        #expect(sum.value == 2 * 5_050)
        await #expect(throws: ArgumentError.self) { try await Parallel.forEach(numbers(1), maxConcurrency: 0) { _ in } }
    }

    // Cause: a worker whose task its body had cancelled ended without a word, and the loop waited for it for ever.
    @Test(arguments: [1, 2])
    func `A body that cancels its own child task ends a loop over an asynchronous sequence with an error`(limit: Int)
        throws
    {
        let executor = ManualExecutor()
        let source = numbers(20)
        #expect(throws: AggregateError.self) {
            try executor.run {
                try await source.forEachConcurrently(limit: limit) { number in
                    if number >= 3 { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
        }
    }

    @Test(.row("1.9.8"))
    func `A failing body stops the reading, also while the source has nothing; a failing source ends the loop`()
        async throws
    {
        let endless = UnboundedChannel<Int>()
        #expect(endless.tryWrite(1))
        let error = await #expect(throws: AggregateError.self) {
            try await endless.forEachConcurrently(limit: 3) { throw Failure($0) }
        }
        #expect(error?.errors as? [Failure] == [Failure(1)])
        let failing = UnboundedChannel<Int>()
        try failing.complete(Failure(2))
        let second = await #expect(throws: AggregateError.self) {
            try await failing.forEachConcurrently(limit: 3) { _ in }
        }
        #expect(second?.errors as? [Failure] == [Failure(2)])
        let source = CancellationTokenSource()
        let loop = Task { try await endless.forEachConcurrently(limit: 3, cancellation: source.token) { _ in } }
        source.cancel()
        await #expect(throws: CancellationError.self) { try await loop.value }
    }

    @Test func `The stream form yields in order, waits for its reader, and stops when it is dropped`() async throws {
        var results: [Int] = []
        for try await number in (0..<500).concurrentMap(
            limit: 4,
            { number in
                if number % 7 == 0 { await Task.yield() }
                return number
            })
        { results.append(number) }
        #expect(results == Array(0..<500))
        let started = Counter()
        for try await _ in (0..<100_000).concurrentMap(limit: 4, { _ in started.add() }) { break }
        #expect(started.value < 50)
        var arrived: Set<Int> = []
        for try await number in numbers(100).concurrentMap(limit: 4, ordered: false, { $0 }) { arrived.insert(number) }
        #expect(arrived == Set(0..<100))
    }

    // Cause: only the wait for a result passed a cancellation on, not the wait for the next element.
    @Test func `Cancelling the iteration of a stream cancels its bodies, also while the iterator lives`() async throws {
        let source = UnboundedChannel<Int>()
        #expect(source.tryWrite(1))
        let started = TaskCompletionSource<Void>()
        let cancelled = TaskCompletionSource<Void>()
        let results = source.concurrentMap(limit: 2, ordered: false) { (number: Int) -> Int in
            started.trySetResult()
            do { try await Task.delay(for: .seconds(1_000)) } catch {
                cancelled.trySetResult()
                throw error
            }
            return number
        }
        let iteration = Task {
            let iterator = results.makeAsyncIterator()
            await #expect(throws: CancellationError.self) { try await iterator.next() }
            try await withTaskCancellationShield { try await cancelled.task.value }
            #expect(try await iterator.next() == nil, "after an error there is nothing more")
        }
        try await started.task.value
        iteration.cancel()
        try await iteration.value
    }

    @Test func `The stream form throws the first failure, after the results before it`() async {
        var results: [Int] = []
        let error = await #expect(throws: Failure.self) {
            for try await number in (0..<100).concurrentMap(
                limit: 1,
                { number in
                    if number == 3 { throw Failure(3) }
                    return number
                })
            { results.append(number) }
        }
        #expect(error == Failure(3) && results == [0, 1, 2])
    }
}
