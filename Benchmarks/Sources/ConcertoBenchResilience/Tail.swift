import Concerto
import ConcertoResilience
import ConcertoTesting
import Synchronization

/// Calls of which one in twenty is slow by chance, with and without hedging, in virtual time.
struct Tail {
    static let calls = 20_000
    private static let perSecond = 200

    /// What came of it.
    struct Outcome: Hashable {
        /// In milliseconds.
        var median = 0
        var p95 = 0
        var p99 = 0
        var p999 = 0
        /// Calls that the dependency got for a hundred that were made.
        var attempts = 0.0
    }

    let name: String
    private let makeHedging: @Sendable (ManualClock) -> Hedging?

    static let all: [Tail] = [
        Tail(name: "without") { _ in nil },
        Tail(name: "hedged at the 95th percentile") { clock in
            Hedging(delay: .percentile(0.95, initial: .seconds(1)), clock: clock)
        },
        Tail(name: "hedged after 50 ms") { clock in Hedging(delay: .fixed(.milliseconds(50)), clock: clock) },
    ]

    func run(seed: UInt64) -> Outcome {
        let clock = ManualClock()
        let executor = ManualExecutor()
        let random = RandomSource.seeded(seed)
        let hedging = makeHedging(clock)
        let result = Results()
        let call: @Sendable () async throws -> Void = {
            result.state.withLock { $0.attempts += 1 }
            let isSlow = random.nextUnit() < 0.05
            let length = isSlow ? 100 + 900 * random.nextUnit() : 10 + 10 * random.nextUnit()
            try await clock.sleep(for: .nanoseconds(Int64(length * 1e6)))
        }
        let driver = executor.task {
            for number in 0..<Self.calls {
                let arrival = TimerInstant(nanoseconds: Int64(Double(number) / Double(Self.perSecond) * 1e9))
                if clock.now < arrival { try await clock.sleep(until: arrival, tolerance: nil) }
                _ = executor.task {
                    let start = clock.now.nanoseconds
                    if let hedging {
                        try? await hedging.execute { _ in try await call() }
                    } else {
                        try? await call()
                    }
                    result.state.withLock { $0.latencies.append(clock.now.nanoseconds - start) }
                }
            }
        }
        repeat { executor.runUntilIdle() } while clock.advanceToNextTimer()
        driver.cancel()
        executor.runUntilIdle()
        let (latencies, attempts) = result.state.withLock { ($0.latencies.sorted(), $0.attempts) }
        func at(_ share: Double) -> Int { Int(latencies[Int(Double(latencies.count - 1) * share)] / 1_000_000) }
        return Outcome(
            median: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999),
            attempts: (Double(attempts) * 1_000 / Double(Self.calls)).rounded() / 10)
    }

    private final class Results: Sendable {
        let state = Mutex((latencies: [Int64](), attempts: 0))
    }
}
