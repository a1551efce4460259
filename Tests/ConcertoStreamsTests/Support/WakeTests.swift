import Concerto
import ConcertoStreams
import ConcertoTesting
import Testing

/// How often tasks wake each other: a job is what a wake costs, and it costs more than everything else about an element.
@Suite struct WakeTests {
    private static let elements = 8_192

    private func jobs(_ body: @escaping @Sendable (Int) async throws -> Int) async throws -> Int {
        let executor = ManualExecutor()
        let task = executor.task { try await body(Self.elements) }
        let jobs = executor.runUntilIdle()
        #expect(try await task.value == Self.elements)
        return jobs
    }

    @Test func `a buffered source and its loop wake each other for half a buffer at a time`() async throws {
        let jobs = try await jobs { try await (0..<$0).asStream().buffered(64).count() }
        #expect(jobs < Self.elements / 8)
    }

    @Test func `merged sources and their loop wake each other for half of their places at a time`() async throws {
        let jobs = try await jobs { await merged((0..<$0 / 2).asStream(), (0..<$0 / 2).asStream()).count() }
        #expect(jobs < Self.elements / 4)
    }

    @Test func `a hub and its subscribers wake each other for half a ring at a time`() async throws {
        let jobs = try await jobs { count in
            let streams = try (0..<count).asStream().broadcast(to: 2)
            async let one = streams[0].count()
            async let other = streams[1].count()
            let counts = try await (one, other)
            return counts.0 == counts.1 ? counts.0 : -1
        }
        #expect(jobs < Self.elements)
    }

    @Test(arguments: [true, false])
    func `work that ends at once wakes neither a worker nor the source for every element`(isOrdered: Bool) async throws
    {
        let jobs = try await jobs { try await (0..<$0).concurrentMap(limit: 64, ordered: isOrdered) { $0 }.count() }
        #expect(jobs < Self.elements / 8)
    }

    @Test func `work that takes its time has as many workers as are allowed, also if it is called one by one`() throws {
        let marbles = Marbles()
        let running = Guarded((now: 0, most: 0))
        let stream = try (0..<40).asStream().concurrentMap(limit: 8, ordered: false) { number in
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            try await marbles.clock.sleep(for: .ticks(10))
            running.withLock { $0.now -= 1 }
            return number
        }
        let seen = marbles.run(stream)
        #expect(seen.moments.count == 41)
        #expect(seen.moments.last?.tick == 50)
        #expect(running.withLock { $0.most } == 8)
    }
}
