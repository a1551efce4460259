/// How a ``CircuitBreaker`` behaves.
public struct CircuitBreakerOptions: Sendable {
    /// What opens a closed circuit.
    public enum Trip: Sendable, Hashable {
        /// So many failures in a row: 1 or more.
        case consecutiveFailures(Int)
        /// A share of failed calls, above 0 and up to 1, once the window holds `minimumThroughput` calls.
        case failureRatio(Double, minimumThroughput: Int, window: Window)
    }

    /// Which calls a ratio is taken over.
    public enum Window: Sendable, Hashable {
        /// The last so many calls: 1 to 1,000,000.
        case count(Int)
        /// The calls of this time, in ten parts: 10 ms to 1 day.
        case time(Duration)
    }

    /// When slow calls open the circuit as failed ones do.
    public struct SlowCalls: Sendable, Hashable {
        /// A call that takes this long or longer is slow, whatever its outcome.
        public var duration: Duration
        /// The share of slow calls that opens the circuit: above 0, up to 1.
        public var ratio: Double

        /// Creates a rule.
        public init(duration: Duration, ratio: Double = 1) {
            self.duration = duration
            self.ratio = ratio
        }
    }

    /// What a break duration can be made from.
    public struct Break: Sendable, Hashable {
        /// How many breaks there have been in a row without the circuit closing between them; 1 for the first.
        public let consecutiveBreaks: Int
        /// Failed calls in the window when the circuit opened.
        public let failures: Int
        /// All calls in the window when the circuit opened.
        public let calls: Int
    }

    /// How long the circuit stays open.
    public enum BreakDuration: Sendable {
        /// Always the same time.
        case fixed(Duration)
        /// From the back-off's delay for the first break in a row, the second, and so on: growing breaks.
        case backoff(Backoff)
        /// Whatever the function says; zero or less lets probes through at once. The circuit is open, and nobody knows for
        /// how long, until it has said so; the break is counted from the trip. It runs where the circuit was tripped, which
        /// can be a timer: it must not block.
        case generated(@Sendable (Break) -> Duration)
    }

    /// What happens to calls while the circuit is not closed.
    public enum WhenOpen: Sendable, Hashable {
        /// They are turned away with ``CircuitOpenError``.
        case reject
        /// They wait, in turn, until they may pass: for batches, where a row may be late but must not fail.
        case wait
    }

    /// How a call counts.
    public enum Verdict: Sendable, Hashable {
        /// The dependency works.
        case success
        /// The dependency is in trouble.
        case failure
        /// The call says nothing about the dependency; a probe's permit is given back.
        case ignored
    }

    /// What opens the circuit. Default: half of 20 or more calls within 10 s.
    public var trip = Trip.failureRatio(0.5, minimumThroughput: 20, window: .time(.seconds(10)))

    /// When slow calls open the circuit too; needs a ratio over a window. Default: never.
    public var slowCalls: SlowCalls?

    /// How long the circuit stays open. Default: 5 s.
    public var breakDuration = BreakDuration.fixed(.seconds(5))

    /// How many probes may run *at the same time* while the circuit is half-open: 1 or more, default 1. Not how many
    /// there may be in all: when one has ended and the circuit is still half-open, the next may pass.
    public var halfOpenPermits = 1

    /// How many probes must succeed to close the circuit: 1 or more, default 1.
    public var halfOpenSuccesses = 1

    /// How many probes must fail to open it again: 1 or more, default 1. A ratio, together with the successes: two of
    /// each let a dependency with one flaky probe recover.
    public var halfOpenFailures = 1

    /// How long the probes may take to decide, all together: longer than zero, default 60 s. A circuit whose probes
    /// hang opens again after that.
    public var halfOpenTimeLimit = Duration.seconds(60)

    /// What happens to calls while the circuit is not closed. Default: they are rejected.
    public var whenOpen = WhenOpen.reject

    /// How a call that threw counts. Default: `CancellationError` is ignored, everything else is a failure. A call of
    /// a cancelled task is ignored whatever this says.
    public var verdict: @Sendable (any Error) -> Verdict = { $0 is CancellationError ? .ignored : .failure }

    /// Which results count as failures. Default: none.
    public var failureResults: ResultPredicate?

    /// Called when the circuit has opened or has been isolated, in the order of the changes, outside of any lock. It must
    /// not block.
    public var onOpened: (@Sendable (CircuitOpening) -> Void)?

    /// Called when the circuit lets probes through; as ``onOpened``.
    public var onHalfOpened: (@Sendable () -> Void)?

    /// Called when the circuit has closed; as ``onOpened``.
    public var onClosed: (@Sendable () -> Void)?

    /// Isolates and closes this breaker together with others. Default: none.
    public var control: CircuitControl?

    /// The breaker's name, for telemetry and messages.
    public var name: String?

    /// What windows and breaks are measured with.
    public var clock: any TimerClock = MonotonicClock()

    /// What a back-off's jitter draws from.
    public var random = RandomSource.system

    /// Where changes of state are reported.
    public var telemetry = ResilienceTelemetry.shared

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        try check().finish()
    }

    package func check() -> OptionsCheck {
        var check = OptionsCheck("CircuitBreaker")
        switch trip {
        case .consecutiveFailures(let count):
            check.require(count, "trip.consecutiveFailures", atLeast: 1)
            check.require(slowCalls == nil, "slowCalls", "set", "nil, or used with a failure ratio")
        case .failureRatio(let ratio, let minimumThroughput, let window):
            check.require(ratio > 0 && ratio <= 1, "trip.failureRatio", ratio, "more than 0 and at most 1")
            check.require(minimumThroughput, "trip.minimumThroughput", atLeast: 1)
            switch window {
            case .count(let count):
                check.require((1...1_000_000).contains(count), "trip.window", count, "between 1 and 1000000 calls")
                check.require(
                    minimumThroughput <= count, "trip.minimumThroughput", minimumThroughput,
                    "at most the \(count) calls of the window")
            case .time(let time):
                check.require(
                    time >= .milliseconds(10) && time <= .seconds(86_400), "trip.window", time,
                    "between 10 ms and 1 day")
            }
        }
        if let slowCalls {
            check.requirePositive(slowCalls.duration, "slowCalls.duration")
            check.require(
                slowCalls.ratio > 0 && slowCalls.ratio <= 1, "slowCalls.ratio", slowCalls.ratio,
                "more than 0 and at most 1")
        }
        switch breakDuration {
        case .fixed(let duration): check.requirePositive(duration, "breakDuration")
        case .backoff(let backoff): check.require(backoff.check(), in: "breakDuration")
        case .generated: break
        }
        check.require(halfOpenPermits, "halfOpenPermits", atLeast: 1)
        check.require(halfOpenSuccesses, "halfOpenSuccesses", atLeast: 1)
        check.require(halfOpenFailures, "halfOpenFailures", atLeast: 1)
        check.requirePositive(halfOpenTimeLimit, "halfOpenTimeLimit")
        return check
    }
}
