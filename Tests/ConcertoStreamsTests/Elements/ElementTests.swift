import Concerto
import ConcertoStreams
import ConcertoTesting
import Testing

private struct Broken: Error {}

/// Counts how often it is asked.
private struct Asked: AsyncSequence, Sendable {
    typealias Element = Int
    let count = Counter()
    var fails = false

    struct AsyncIterator: AsyncIteratorProtocol {
        let asked: Asked

        mutating func next() async throws -> Int? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Int? {
            asked.count.increment()
            if asked.count.value == 6 {
                if asked.fails { throw Broken() }
                return nil
            }
            return asked.count.value
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(asked: self) }
}

@Suite struct ElementTests {
    private let numbers = (1...6).asStream()

    @Test func `map, filter and compactMap with synchronous closures are ours and keep the failure's type`() async {
        let even = numbers.map { $0 * 10 }.filter { $0 > 20 }.compactMap { $0 == 40 ? nil : $0 }
        let typed: CompactMappedSequence<FilteredSequence<MappedSequence<SequenceStream<ClosedRange<Int>>, Int>>, Int>
        typed = even
        var seen: [Int] = []
        for await number in typed { seen.append(number) }
        #expect(seen == [30, 50, 60])
    }

    @Test func `taking never asks for one more, and taking none asks for nothing`() async throws {
        let source = Asked()
        #expect(try await source.taking(3).toArray(limit: 10) == [1, 2, 3])
        #expect(source.count.value == 3)
        #expect(try await source.taking(0).toArray(limit: 10) == [])
        #expect(source.count.value == 3)
        #expect(throws: ArgumentError.self) { try source.taking(-1) }
        #expect(throws: ArgumentError.self) { try source.skipping(-1) }
        #expect(try await numbers.skipping(4).toArray(limit: 10) == [5, 6])
        #expect(try await numbers.skipping(40).toArray(limit: 10) == [])
    }

    @Test func `prefix and drop end and begin at the first that does not fit`() async throws {
        #expect(try await numbers.prefix { $0 < 3 }.toArray(limit: 10) == [1, 2])
        #expect(try await [1, 5, 2].asStream().drop { $0 < 3 }.toArray(limit: 10) == [5, 2])
        let iterator = Unchecked(numbers.prefix { $0 != 2 })
        var first = iterator.value.makeAsyncIterator()
        #expect(await first.next() == 1)
        #expect(await first.next() == nil)
        #expect(await first.next() == nil)
    }

    @Test func `32: chunks of 1, of 2 with a rest, and of 0 which is refused`() async throws {
        #expect(try await [1, 2, 3].asStream().chunks(of: 1).toArray(limit: 10) == [[1], [2], [3]])
        #expect(try await (1...5).asStream().chunks(of: 2).toArray(limit: 10) == [[1, 2], [3, 4], [5]])
        #expect(throws: ArgumentError.self) { try numbers.chunks(of: 0) }
    }

    @Test func `what a chunk has gathered comes before the failure`() async throws {
        var iterator = try Asked(fails: true).chunks(of: 3).makeAsyncIterator()
        #expect(try await iterator.next() == [1, 2, 3])
        #expect(try await iterator.next() == [4, 5])
        await #expect(throws: Broken.self) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
    }

    @Test func `37: windows are full ones only, also where they leave gaps`() async throws {
        let some = (2...5).asStream()
        #expect(try await some.windows(of: 3).toArray(limit: 10) == [[2, 3, 4], [3, 4, 5]])
        #expect(try await some.windows(of: 2, step: 3).toArray(limit: 10) == [[2, 3]])
        #expect(try await (2...6).asStream().windows(of: 2, step: 3).toArray(limit: 10) == [[2, 3], [5, 6]])
        #expect(throws: ArgumentError.self) { try some.windows(of: 0) }
        #expect(throws: ArgumentError.self) { try some.windows(of: 1, step: 0) }
    }

    @Test func `scan, pairwise, separated, enumerated`() async throws {
        #expect(try await [1, 2, 3].asStream().scan(0) { $0 + $1 }.toArray(limit: 9) == [1, 3, 6])
        let pairs = try await [1, 2, 3].asStream().pairwise().toArray(limit: 9)
        #expect(pairs.map { "\($0.0)\($0.1)" } == ["12", "23"])
        #expect(try await [1, 2, 3].asStream().separated(by: 0).toArray(limit: 9) == [1, 0, 2, 0, 3])
        #expect(try await [Int]().asStream().separated(by: 0).toArray(limit: 9) == [])
        let numbered = try await ["a", "b"].asStream().enumerated().toArray(limit: 9)
        #expect(numbered.map { "\($0.offset)\($0.element)" } == ["0a", "1b"])
    }

    @Test func `duplicates go: neighbours, and all that are remembered`() async throws {
        #expect(try await [1, 1, 2, 2, 1].asStream().removingDuplicates().toArray(limit: 9) == [1, 2, 1])
        #expect(try await [1, 2, 1, 3, 2, 1].asStream().distinct(limit: 9).toArray(limit: 9) == [1, 2, 3])
        // 1 is forgotten for 3, and comes again; then 2 is forgotten for 1.
        #expect(try await [1, 2, 1, 3, 1, 2].asStream().distinct(limit: 2).toArray(limit: 9) == [1, 2, 3, 1, 2])
        #expect(throws: ArgumentError.self) { try numbers.distinct(limit: 0) }
    }

    @Test func `an empty stream has its default, another one has not`() async throws {
        #expect(try await [Int]().asStream().defaultIfEmpty(7).toArray(limit: 9) == [7])
        #expect(try await [1].asStream().defaultIfEmpty(7).toArray(limit: 9) == [1])
    }

    @Test func `toArray has a limit that throws, and the other ends say what there is`() async throws {
        await #expect(throws: TooManyElementsError(limit: 5)) { try await numbers.toArray(limit: 5) }
        await #expect(throws: ArgumentError.self) { try await numbers.toArray(limit: -1) }
        #expect(try await numbers.toArray(limit: 6).count == 6)
        #expect(await numbers.count() == 6)
        #expect(await numbers.first() == 1)
        #expect(await numbers.last() == 6)
        let log = Log()
        try await numbers.forEach { log.add("\($0)") }
        #expect(log.entries == ["1", "2", "3", "4", "5", "6"])
        let limited = Counter()
        try await numbers.forEach(limit: 3) { _ in limited.increment() }
        #expect(limited.value == 6)
    }

    @Test func `58: onStart runs at the first next, once for each iteration`() async throws {
        let log = Log()
        let stream = numbers.onStart { log.add("start") }.onEach { log.add("\($0)") }
        var iterator = stream.makeAsyncIterator()
        #expect(log.entries.isEmpty)
        _ = await iterator.next()
        _ = await iterator.next()
        #expect(log.entries == ["start", "1", "2"])
        _ = await stream.first()
        #expect(log.entries == ["start", "1", "2", "start", "1"])
    }

    @MainActor @Test func `closures that await run on the loop's actor`() async throws {
        let one = numbers.asyncMap { number async -> Int in
            MainActor.assertIsolated()
            await Task.yield()
            return number
        }
        #expect(try await one.toArray(limit: 9) == [1, 2, 3, 4, 5, 6])
        let failing = numbers.asyncMap { number async throws -> Int in
            if number == 3 { throw Broken() }
            return number
        }
        await #expect(throws: Broken.self) { try await failing.count() }
        #expect(try await numbers.asyncFilter { $0 > 4 }.toArray(limit: 9) == [5, 6])
        #expect(try await numbers.asyncCompactMap { $0 > 4 ? "\($0)" : nil }.toArray(limit: 9) == ["5", "6"])
    }

    @Test func `timestamps and intervals are the clock's`() throws {
        try expect(
            "a@3 b@10 |",
            { source, clock in
                source.timestamped(clock: clock).map { "\($0.element)\($0.instant.nanoseconds / 1_000_000)" }
            }, "a3@3 b10@10 |@10")
        try expect(
            "a@3 b@10 |",
            { source, clock in
                source.timeInterval(clock: clock).map {
                    "\($0.element)\($0.interval.components.attoseconds / 1_000_000_000_000_000)"
                }
            }, "a3@3 b7@10 |@10")
    }
}
