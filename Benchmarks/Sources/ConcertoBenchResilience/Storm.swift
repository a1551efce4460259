import Concerto
import ConcertoResilience
import ConcertoTesting
import Synchronization

/// An outage, simulated in virtual time with the real strategies.
///
/// All callers run on one thread, in the order in which the clock wakes them, so the same seed gives the same numbers.
///
/// 1,000 callers of one process make a request a second each. The dependency serves 2,000 calls a second; what comes
/// beyond that fails. From second 30 to 90 every call fails.
struct Storm {
    static let callers = 1_000
    static let seconds = 180
    static let outage = 30..<90
    private static let capacity = 2_000

    /// What happened in one second.
    struct Second: Sendable, Hashable {
        var requests = 0
        var attempts = 0
        var succeeded = 0
    }

    let name: String
    let makePipeline: @Sendable (ManualClock, RandomSource) -> ResiliencePipeline

    /// Attempts, requests and successes by second.
    func run(seed: UInt64) -> [Second] {
        let clock = ManualClock()
        let executor = ManualExecutor()
        let random = RandomSource.seeded(seed)
        let pipeline = makePipeline(clock, random)
        let dependency = Dependency(clock: clock)
        let callers = (0..<Self.callers).map { _ in
            let offset = Duration.milliseconds(Int64(random.next() % 1_000))
            return executor.task {
                try await clock.sleep(for: offset)
                while true {
                    let next = clock.now.advanced(by: .seconds(1))
                    dependency.request()
                    if (try? await pipeline.execute { try dependency.call() }) != nil { dependency.success() }
                    if clock.now < next { try await clock.sleep(until: next, tolerance: nil) }
                    try Task.checkCancellation()
                }
            }
        }
        let end = clock.now.advanced(by: .seconds(Self.seconds))
        repeat { executor.runUntilIdle() } while clock.advanceToNextTimer(before: end)
        for caller in callers { caller.cancel() }
        executor.runUntilIdle()
        return dependency.seconds
    }

    static let all: [Storm] = [
        Storm(name: "naive retry") { clock, random in
            ResiliencePipeline { retry(clock, random, budget: nil) }
        },
        Storm(name: "retry with budget") { clock, random in
            ResiliencePipeline { retry(clock, random, budget: RetryBudget(clock: clock)) }
        },
        Storm(name: "retry with budget and breaker") { clock, random in
            ResiliencePipeline {
                retry(clock, random, budget: RetryBudget(clock: clock))
                CircuitBreaker(clock: clock)
            }
        },
    ]

    private static func retry(_ clock: ManualClock, _ random: RandomSource, budget: RetryBudget?) -> Retry {
        Retry(
            maxRetries: 4, backoff: .exponential(base: .milliseconds(100), cap: .seconds(1), jitter: .full),
            budget: budget, clock: clock, random: random,
            // An open circuit is not worth a retry here: the caller comes back in a second anyway.
            shouldRetry: { !($0 is CircuitOpenError) })
    }

    private struct Unavailable: Error {}

    private final class Dependency: Sendable {
        private let clock: ManualClock
        private let state = Mutex([Second](repeating: Second(), count: Storm.seconds + 1))

        init(clock: ManualClock) {
            self.clock = clock
        }

        var seconds: [Second] { Array(state.withLock { $0 }.prefix(Storm.seconds)) }

        func request() { note { $0.requests += 1 } }

        func success() { note { $0.succeeded += 1 } }

        func call() throws {
            let second = now
            let attempts = state.withLock { seconds in
                seconds[second].attempts += 1
                return seconds[second].attempts
            }
            if Storm.outage.contains(second) || attempts > Storm.capacity { throw Unavailable() }
        }

        private var now: Int { min(Storm.seconds, Int(clock.now.nanoseconds / 1_000_000_000)) }

        private func note(_ change: (inout Second) -> Void) {
            let second = now
            state.withLock { change(&$0[second]) }
        }
    }
}
