import Concerto
import ConcertoResilience
import ConcertoTesting
import Synchronization

/// A service whose capacity and load change, simulated in virtual time with the real limiters.
///
/// The dependency serves so many calls at a time, in order, each in 50 ms more or less. It does not notice that a caller has
/// given up, which it does after a second: what it then works on is wasted. A call is *good* if it ends within half a second.
struct Overload {
    /// A stretch of time.
    struct Phase {
        let name: String
        let seconds: Range<Int>
        let slots: Int
        let service: Duration
        let callsPerSecond: Int

        /// What the dependency can serve.
        var capacity: Int { Int(Double(slots) * 1_000 / Double(service.saturatingNanoseconds / 1_000_000)) }
    }

    static let phases = [
        Phase(name: "as usual", seconds: 0..<60, slots: 20, service: .milliseconds(50), callsPerSecond: 300),
        Phase(name: "half the capacity", seconds: 60..<120, slots: 10, service: .milliseconds(50), callsPerSecond: 300),
        Phase(
            name: "three times the capacity", seconds: 120..<180, slots: 20, service: .milliseconds(50),
            callsPerSecond: 1_200),
        Phase(
            name: "a slow neighbour", seconds: 180..<240, slots: 20, service: .milliseconds(100), callsPerSecond: 300),
        Phase(name: "as usual again", seconds: 240..<300, slots: 20, service: .milliseconds(50), callsPerSecond: 300),
    ]
    static let seconds = 300

    /// What happened in one second.
    struct Second: Sendable, Hashable {
        var calls = 0
        var good = 0
        var limit = 0
    }

    let name: String
    private let makeLimiter: @Sendable (ManualClock, RandomSource) -> (ResiliencePipeline, @Sendable () -> Int)

    /// Calls, good calls and the limit by second.
    func run(seed: UInt64) -> [Second] {
        let clock = ManualClock()
        let executor = ManualExecutor()
        let random = RandomSource.seeded(seed)
        let (pipeline, limit) = makeLimiter(clock, random)
        let service = Service(clock: clock, random: random)
        let driver = executor.task {
            for phase in Self.phases {
                for second in phase.seconds {
                    for call in 0..<phase.callsPerSecond {
                        let spread = (Double(call) + random.nextUnit()) / Double(phase.callsPerSecond)
                        let arrival = TimerInstant(nanoseconds: Int64((Double(second) + spread) * 1e9))
                        if clock.now < arrival { try await clock.sleep(until: arrival, tolerance: nil) }
                        _ = executor.task {
                            let start = clock.now
                            service.note { $0.calls += 1 }
                            guard (try? await pipeline.execute { try await service.call(phase) }) != nil else { return }
                            if start.duration(to: clock.now) <= .milliseconds(500) { service.note { $0.good += 1 } }
                        }
                    }
                    service.note { $0.limit = limit() }
                }
            }
        }
        let end = TimerInstant(nanoseconds: Int64(Self.seconds + 2) * 1_000_000_000)
        repeat { executor.runUntilIdle() } while clock.advanceToNextTimer(before: end)
        driver.cancel()
        executor.runUntilIdle()
        return service.seconds
    }

    static let all: [Overload] = [
        Overload(name: "no limit") { _, _ in (ResiliencePipeline {}, { 0 }) },
        Overload(name: "static limit of 20") { clock, _ in fixed(20, clock) },
        Overload(name: "static limit of 100") { clock, _ in fixed(100, clock) },
        Overload(name: "adaptive, gradient") { clock, random in adaptive(.gradient(), clock, random) },
        Overload(name: "adaptive, AIMD") { clock, random in
            var options = AdaptiveLimiterOptions.AIMD()
            options.longestLatency = .milliseconds(250)
            return adaptive(.aimd(options), clock, random)
        },
    ]

    private static func fixed(_ permits: Int, _ clock: ManualClock) -> (ResiliencePipeline, @Sendable () -> Int) {
        let limiter = ConcurrencyLimiter(permits: permits, queueLimit: 0, clock: clock)
        return (ResiliencePipeline { limiter }, { permits })
    }

    private static func adaptive(
        _ algorithm: AdaptiveLimiterOptions.Algorithm, _ clock: ManualClock, _ random: RandomSource
    ) -> (ResiliencePipeline, @Sendable () -> Int) {
        var options = AdaptiveLimiterOptions()
        options.algorithm = algorithm
        options.random = random
        options.waiting.queueLimit = 0
        options.waiting.clock = clock
        guard let limiter = try? AdaptiveLimiter(options: options) else { fatalError("the options above are valid") }
        return (ResiliencePipeline { limiter }, { limiter.limit })
    }

    private final class Service: Sendable {
        private struct State {
            var freeAt = [Int64](repeating: 0, count: 20)
            var seconds = [Second](repeating: Second(), count: Overload.seconds + 3)
        }

        private let clock: ManualClock
        private let random: RandomSource
        private let state = Mutex(State())

        init(clock: ManualClock, random: RandomSource) {
            self.clock = clock
            self.random = random
        }

        var seconds: [Second] { Array(state.withLock { $0.seconds }.prefix(Overload.seconds)) }

        func note(_ change: (inout Second) -> Void) {
            let second = min(Overload.seconds + 2, Int(clock.now.nanoseconds / 1_000_000_000))
            state.withLock { change(&$0.seconds[second]) }
        }

        func call(_ phase: Phase) async throws {
            let now = clock.now.nanoseconds
            // A fifth more or less, and one in a hundred four times as long.
            let isLong = random.nextUnit() < 0.01
            let factor = (0.8 + 0.4 * random.nextUnit()) * (isLong ? 4 : 1)
            let length = Int64(Double(phase.service.saturatingNanoseconds) * factor)
            let end = state.withLock { state in
                let slot = (0..<phase.slots).min { state.freeAt[$0] < state.freeAt[$1] } ?? 0
                let end = max(now, state.freeAt[slot]) + length
                state.freeAt[slot] = end
                return end
            }
            let patience = now + 1_000_000_000
            try await clock.sleep(until: TimerInstant(nanoseconds: min(end, patience)), tolerance: nil)
            if end > patience { throw TimeoutError(limit: .seconds(1)) }
        }
    }
}
