import Concerto
import ConcertoResilience
import ConcertoTesting
import Testing

/// On a pool an attempt starts in place, as a child task: another path than on Swift's own executor.
struct HedgingOnPoolTests {
    private func onPool<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let pool = try ThreadPool(ThreadPool.Configuration(name: "hedges"))
        let task = Task(executorPreference: pool) { try await body() }
        let result = await task.result
        await pool.shutdown()
        return try result.get()
    }

    /// It had won before anybody waited for it, and the others ran on to their own end.
    @Test(.timeLimit(.minutes(1)), arguments: [1, 3])
    func `an attempt that wins without suspending cancels those before it`(maxHedges: Int) async throws {
        let clock = ManualClock()
        let hedging = Hedging(maxHedges: maxHedges, delay: .fixed(.zero), budget: nil, clock: clock)
        let ended = Log<Int>()
        let winner = try await onPool {
            try await hedging.execute { context in
                defer { ended.append(context.attempt) }
                // Nobody moves the clock: only its cancellation ends it.
                if context.attempt <= maxHedges { try await clock.sleep(for: .seconds(1_000)) }
                return context.attempt
            }
        }
        #expect(winner == maxHedges + 1)
        #expect(ended.entries.sorted() == Array(1...(maxHedges + 1)))
    }

    @Test func `a call that is quick enough is made once, and its error is thrown`() async throws {
        let hedging = Hedging(delay: .fixed(.seconds(1)), budget: nil, clock: ManualClock())
        #expect(try await onPool { try await hedging.execute { $0.attempt } } == 1)
        let none = Hedging(
            delay: .generated { _ in nil }, budget: nil, clock: ManualClock())
        let error = await #expect(throws: Failure.self) {
            try await onPool { try await none.execute { context -> Int in throw Failure(number: context.attempt) } }
        }
        #expect(error?.number == 1)
    }
}
