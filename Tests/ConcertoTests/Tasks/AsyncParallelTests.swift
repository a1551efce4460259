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
    }

    @Test func `A failing body stops the reading, also while the source has nothing; a failing source ends the loop`()
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
