#if Batch && PostgreSQL
import Concerto
import ConcertoBatch
import ConcertoTesting
import Testing

@testable import ConcertoBatch

/// Rates that workers keep together: in virtual time, with a store in memory.
@Suite struct BorrowedTurnsTests {
    private static func turns(
        _ rate: String, of store: MemorySharedStore, _ run: SharedRun, _ clock: ManualClock
    ) throws -> BorrowedTurns {
        let rate = try #require(CallRate(rate))
        return BorrowedTurns(rate, clock: clock) { try await store.borrow($0, of: rate.interval, for: run) }
    }

    /// When calls were made, in milliseconds.
    private final class Calls: Sendable {
        private let times = Guarded<[Int64]>([])
        var all: [Int64] { times.withLock { $0 } }
        func note(_ now: TimerInstant) { times.withLock { $0.append(now.nanoseconds / 1_000_000) } }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var rate: Int
        var workers: Int
        /// Of each worker.
        var callers: Int
        /// How long a call takes.
        var latency: Duration
        var testDescription: String { "\(rate)/s, \(workers) workers with \(callers) calls of \(latency)" }
    }

    @Test(arguments: [
        Case(rate: 100, workers: 1, callers: 8, latency: .milliseconds(10)),
        Case(rate: 100, workers: 4, callers: 8, latency: .milliseconds(10)),
        Case(rate: 500, workers: 4, callers: 32, latency: .milliseconds(200)),
        Case(rate: 20, workers: 3, callers: 40, latency: .milliseconds(1)),
    ])
    func `all workers together keep the rate, within a twentieth of any 10 s`(_ sample: Case) async throws {
        let seed = UInt64.random(in: 0...(.max))
        print("CONCERTO_TEST_SEED=\(seed)")
        let executor = ManualExecutor(order: .random(seed: seed))
        let clock = ManualClock()
        let store = MemorySharedStore(clock: clock)
        let run = try await StoreLawTests.submit(1, chunk: 1, store)
        let rate = try #require(CallRate("\(sample.rate)/s"))
        let asked = Guarded(0)
        let all = (0..<sample.workers).map { _ in
            BorrowedTurns(rate, clock: clock, start: { body in executor.task { await body() } }) { count in
                asked.withLock { $0 += 1 }
                return try await store.borrow(count, of: rate.interval, for: run)
            }
        }
        let calls = Calls()
        for turns in all {
            for _ in 0..<sample.callers {
                executor.task { [latency = sample.latency] in
                    while true {
                        if !turns.tryTake() { try await turns.take() }
                        calls.note(clock.now)
                        try await Task.delay(for: latency, clock: clock)
                    }
                }
            }
        }
        let start = clock.now.nanoseconds / 1_000_000
        for _ in 0..<25_000 {
            executor.runUntilIdle()
            clock.advance(by: .milliseconds(1))
        }
        for turns in all { turns.close() }
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        let times = calls.all.map { $0 - start }
        let most = 10 * sample.rate
        // The first second is for finding out how much each worker needs.
        for begin in stride(from: Int64(1_000), through: 15_000, by: 250) {
            let count = times.filter { $0 >= begin && $0 < begin + 10_000 }.count
            #expect((most * 95 / 100...most * 105 / 100).contains(count), "from \(begin) ms on")
        }
        let first = times.filter { $0 < 10_000 }.count
        #expect(first <= most * 105 / 100)
        // Twice a second each, and some for the start.
        #expect(asked.withLock { $0 } <= sample.workers * 60)
    }

    @Test func `many who wait borrow no further ahead than few do, and all get their turn`() async throws {
        let seed = UInt64.random(in: 0...(.max))
        print("CONCERTO_TEST_SEED=\(seed)")
        let executor = ManualExecutor(order: .random(seed: seed))
        let clock = ManualClock()
        let store = MemorySharedStore(clock: clock)
        let run = try await StoreLawTests.submit(1, chunk: 1, store)
        let rate = try #require(CallRate("20/s"))
        let lent = Guarded(0)
        let turns = BorrowedTurns(rate, clock: clock, start: { body in executor.task { await body() } }) { count in
            lent.withLock { $0 += count }
            return try await store.borrow(count, of: rate.interval, for: run)
        }
        let calls = Calls()
        for _ in 0..<60 {
            executor.task {
                try await turns.take()
                calls.note(clock.now)
            }
        }
        // Half a second is borrowed when half of that is left at most, and one turn is due at once.
        for time in 0...3_000 {
            executor.runUntilIdle()
            let ahead = lent.withLock { $0 } - time / 50
            #expect(ahead <= 16, "after \(time) ms")
            clock.advance(by: .milliseconds(1))
        }
        #expect(calls.all.count == 60)
        turns.close()
        executor.runUntilIdle()
    }

    @Test func `a turn that is given back is the next one's`() async throws {
        let clock = ManualClock()
        let store = MemorySharedStore(clock: clock)
        let run = try await StoreLawTests.submit(1, chunk: 1, store)
        let turns = try Self.turns("1/s", of: store, run, clock)
        try await turns.take()
        #expect(!turns.tryTake())
        turns.giveBack()
        #expect(turns.tryTake())
        #expect(!turns.tryTake())
    }

    @Test func `a store that is away holds the calls up, and one that refuses ends them`() async throws {
        struct Refused: Error {}
        let clock = ManualClock()
        let asked = Guarded(0)
        let away = BorrowedTurns(try #require(CallRate("10/s")), clock: clock) { _ in
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            if number < 3 { throw SharedStoreAway("it restarts", mayBeDone: false) }
            if number == 3 { return .zero }
            throw Refused()
        }
        let first = Task { try await away.take() }
        for _ in 0..<2 {
            await clock.sleepers()
            clock.advanceToNextTimer()
        }
        try await first.value
        await #expect(throws: Refused.self) { try await away.take() }
    }

    @Test func `who is cancelled while it waits takes no turn with it`() async throws {
        let clock = ManualClock()
        let store = MemorySharedStore(clock: clock)
        let run = try await StoreLawTests.submit(1, chunk: 1, store)
        let turns = try Self.turns("1/s", of: store, run, clock)
        try await turns.take()
        let waiting = Task { try await turns.take() }
        await clock.sleepers()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        clock.advance(by: .seconds(1))
        #expect(turns.tryTake())
    }
}
#endif
