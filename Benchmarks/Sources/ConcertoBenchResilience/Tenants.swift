import Concerto
import ConcertoResilience
import ConcertoTesting
import Synchronization

/// Two tenants of one service: one that keeps to what it needs, and one that sends ten times as much. In virtual time, with
/// the real limiters; the service is that of ``Overload`` as usual (20 at a time, 50 ms each, 400 calls a second).
struct Tenants {
    static let seconds = 120
    static let callsPerSecond = ["quiet": 150, "loud": 1_500]

    let name: String
    /// Runs a tenant's call under the limit.
    private let makeLimiter:
        @Sendable (ManualClock, RandomSource) ->
            @Sendable (String, @escaping @Sendable () async throws -> Void) async ->
            Bool

    static let all = [
        Tenants(name: "one limit for both") { clock, random in
            let limiter = orStop { try AdaptiveLimiter(options: options(clock, random)) }
            return { _, body in (try? await limiter.execute { try await body() }) != nil }
        },
        Tenants(name: "half of it is the quiet one's") { clock, random in
            let limiter = orStop {
                try PartitionedAdaptiveLimiter(shares: ["quiet": 0.5], options: options(clock, random))
            }
            return { tenant, body in (try? await limiter.execute(for: tenant) { try await body() }) != nil }
        },
    ]

    private static func options(_ clock: ManualClock, _ random: RandomSource) -> AdaptiveLimiterOptions {
        var options = AdaptiveLimiterOptions()
        options.random = random
        options.waiting.queueLimit = 0
        options.waiting.clock = clock
        return options
    }

    private static func orStop<T>(_ make: () throws -> T) -> T {
        do { return try make() } catch { fatalError("\(error)") }
    }

    /// Good calls a second of each tenant, those that end within half a second, in the second half of the time.
    func run(seed: UInt64) -> [String: Int] {
        let clock = ManualClock()
        let executor = ManualExecutor()
        let random = RandomSource.seeded(seed)
        let execute = makeLimiter(clock, random)
        let shared = Service()
        let drivers = Self.callsPerSecond.sorted { $0.key < $1.key }.map { tenant, rate in
            executor.task {
                for call in 0..<(rate * Self.seconds) {
                    let arrival = TimerInstant(
                        nanoseconds: Int64((Double(call) + random.nextUnit()) / Double(rate) * 1e9))
                    if clock.now < arrival { try await clock.sleep(until: arrival, tolerance: nil) }
                    _ = executor.task {
                        let start = clock.now
                        let isDone = await execute(tenant) {
                            let length = Int64(50e6 * (0.8 + 0.4 * random.nextUnit()))
                            let end = shared.end(of: length, at: clock.now.nanoseconds)
                            try await clock.sleep(until: TimerInstant(nanoseconds: end), tolerance: nil)
                        }
                        let isGood = isDone && start.duration(to: clock.now) <= .milliseconds(500)
                        if isGood, start.nanoseconds >= Int64(Self.seconds) * 500_000_000 { shared.note(tenant) }
                    }
                }
            }
        }
        let end = TimerInstant(nanoseconds: Int64(Self.seconds + 2) * 1_000_000_000)
        repeat { executor.runUntilIdle() } while clock.advanceToNextTimer(before: end)
        for driver in drivers { driver.cancel() }
        executor.runUntilIdle()
        return shared.good.mapValues { $0 * 2 / Self.seconds }
    }

    private final class Service: Sendable {
        private struct State {
            var freeAt = [Int64](repeating: 0, count: 20)
            var good: [String: Int] = [:]
        }

        private let state = Mutex(State())

        var good: [String: Int] { state.withLock { $0.good } }

        func note(_ tenant: String) { state.withLock { $0.good[tenant, default: 0] += 1 } }

        /// When a call that takes so long ends.
        func end(of length: Int64, at now: Int64) -> Int64 {
            state.withLock { state in
                let slot = state.freeAt.indices.min { state.freeAt[$0] < state.freeAt[$1] } ?? 0
                state.freeAt[slot] = max(now, state.freeAt[slot]) + length
                return state.freeAt[slot]
            }
        }
    }
}
