/// Turns calls away by chance, in the client, once a dependency accepts too few of them.
///
/// Lets `multiplier` times as many calls through as the dependency accepted lately; of the rest it turns away a share:
/// `p = max(0, (requests − multiplier · accepts) / (requests + 1))`. Unlike a ``CircuitBreaker`` it has no states: it
/// lets less through as things get worse and finds out by itself when they get better.
///
/// Requests are counted before they are sent, those turned away too, and both counts are forgotten after the window.
///
/// Source: Google, *Site Reliability Engineering*, chapter 21, "Client-Side Throttling".
///
/// - Cancellation: a call that ends in a cancelled task, or with `CancellationError`, is taken out of the counts.
/// - Allocates: nothing.
public final class ClientThrottle: ResilienceStrategy {
    /// How a throttle behaves.
    public struct Options: Sendable {
        /// How many calls are let through for each that is accepted: 1 or more, default 2. Lower saves the dependency
        /// more, higher notices its recovery sooner.
        public var multiplier = 2.0
        /// How long a call counts: 1 s to 1 day, in ten parts, default 2 minutes. Much longer than a call takes.
        public var window = Duration.seconds(120)
        /// Whether an error means that the dependency refused the call. Default: every error does.
        public var isRefusal: @Sendable (any Error) -> Bool = { _ in true }
        /// The throttle's name, for telemetry and messages.
        public var name: String?
        /// What the window is measured with.
        public var clock: any TimerClock = MonotonicClock()
        /// What chance is drawn from.
        public var random = RandomSource.system
        /// Where rejections are reported.
        public var telemetry = ResilienceTelemetry.shared

        /// The defaults.
        public init() {}

        /// Names every field that cannot work.
        public func validate() throws(InvalidOptionsError) {
            var check = OptionsCheck("ClientThrottle")
            check.require(multiplier >= 1 && multiplier.isFinite, "multiplier", multiplier, "1 or more, and finite")
            check.require(
                window >= .seconds(1) && window <= .seconds(86_400), "window", window, "between 1 s and 1 day")
            try check.finish()
        }
    }

    private let options: Options
    private let clock: StrategyClock
    /// `calls` are requests, `failures` those that were not accepted.
    private let window: Guarded<CallWindow>

    /// Creates a throttle from options that come from data.
    public init(options: Options) throws(InvalidOptionsError) {
        try options.validate()
        self.options = options
        clock = StrategyClock(options.clock)
        window = Guarded(CallWindow(.time(options.window)))
    }

    /// Creates a throttle; traps if a value is invalid. See ``Options`` for each parameter.
    public convenience init(
        multiplier: Double = 2, window: Duration = .seconds(120), name: String? = nil,
        clock: any TimerClock = MonotonicClock(), random: RandomSource = .system,
        telemetry: ResilienceTelemetry = .shared
    ) {
        var options = Options()
        options.multiplier = multiplier
        options.window = window
        options.name = name
        options.clock = clock
        options.random = random
        options.telemetry = telemetry
        do { try self.init(options: options) } catch { trapOnInvalidOptions(error) }
    }

    /// How likely the next call is to be turned away.
    public var rejectionProbability: Double {
        let now = clock.now
        return window.withLock { window in
            window.advance(to: now)
            return probability(window.total)
        }
    }

    /// Runs `body`, or turns it away.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        if let rejection = tryBegin(context) { throw rejection }
        do {
            try await body(context)
        } catch {
            ended(with: error, context)
            throw error
        }
        ended(with: nil, context)
    }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// What it measures with.
    public var _clock: (any TimerClock)? { options.clock }

    /// Takes no time.
    public func prepare(_ site: inout StrategySite) {}

    @usableFromInline
    func tryBegin(_ context: ResilienceContext) -> (any Error)? {
        let now = context.now(on: clock)
        let probability = window.withLock { window in
            window.advance(to: now)
            let probability = self.probability(window.total)
            // Not accepted until proven otherwise: requests under way count against the dependency.
            window.record(CallCounts(calls: 1, failures: 1, slow: 0), at: now)
            return probability
        }
        guard probability > 0, options.random.nextUnit() < probability else { return nil }
        let error = ClientThrottledError(throttle: options.name)
        if options.telemetry.isActive {
            options.telemetry.emit(
                ResilienceEvent(.clientThrottled, .error, strategy: options.name, context: context, error: error))
        }
        return error
    }

    @usableFromInline
    func ended(with error: (any Error)?, _ context: ResilienceContext) {
        let now = clock.now
        var change = CallCounts(calls: 0, failures: -1, slow: 0)
        if let error {
            if Task.isCancelled || error is CancellationError {
                change.calls = -1
            } else if context.bound({ options.isRefusal(error) }) {
                return
            }
        }
        window.withLock { $0.record(change, at: now) }
    }

    private func probability(_ counts: CallCounts) -> Double {
        // A correction may outlive the request that it belongs to by one window: never below zero.
        let requests = Double(max(0, counts.calls))
        let accepts = Double(max(0, counts.calls - counts.failures))
        return max(0, (requests - options.multiplier * accepts) / (requests + 1))
    }
}

/// A client throttle has turned a call away.
public struct ClientThrottledError: Error, Hashable, CustomStringConvertible {
    /// The throttle's name.
    public let throttle: String?

    /// What happened and what to do.
    public var description: String {
        let name = throttle.map { "the client throttle \($0)" } ?? "the client throttle"
        return "\(name) turned the call away: the dependency accepts too few calls; try again later"
    }
}
