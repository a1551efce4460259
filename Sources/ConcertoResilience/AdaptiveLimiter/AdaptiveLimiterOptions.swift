/// How an ``AdaptiveLimiter`` finds its limit.
public struct AdaptiveLimiterOptions: Sendable {
    /// What the limit follows.
    public enum Algorithm: Sendable, Hashable {
        /// The ratio of the latency without load to the present one: goes down before anything fails.
        case gradient(Gradient = Gradient())
        /// Overload: up by one while there is none, down by a share when there is.
        case aimd(AIMD = AIMD())
    }

    /// Source: the `Gradient2` limit of Netflix's concurrency-limits, with a probe for the latency without load.
    public struct Gradient: Sendable, Hashable {
        /// How much longer than without load calls may take before the limit goes down: 1 to 10, default 1.5.
        public var tolerance = 1.5
        /// How much of the way to its new value the limit goes at each window: above 0 and up to 1, default 0.2.
        public var smoothing = 0.2
        /// How many calls may queue at the dependency: 0 to 1,000, default 4. What the limit grows by.
        public var queue = 4.0
        /// Over how many windows the long-term latency is averaged: 10 to 100,000, default 600.
        public var longWindow = 600
        /// How often the limit goes down to ``probeLimit`` to measure the latency without load: 1 s to 1 day, default 60 s,
        /// a quarter more or less by chance; `nil` for never. Without probes a load that stays too high is taken for
        /// normal after a while.
        public var probeInterval: Duration? = .seconds(60)
        /// The limit while the latency without load is measured: 1 or more; default (`nil`) half of the present one. Not
        /// the floor: ``AdaptiveLimiterOptions/minimum`` is.
        public var probeLimit: Int?

        /// The defaults.
        public init() {}
    }

    /// Source: additive increase, multiplicative decrease; Chiu and Jain, 1989.
    public struct AIMD: Sendable, Hashable {
        /// What the limit is multiplied with at overload: 0.1 to below 1, default 0.9.
        public var backoff = 0.9
        /// Calls that take longer are overload: longer than zero, default 5 s.
        public var longestLatency = Duration.seconds(5)

        /// The defaults.
        public init() {}
    }

    /// What the limit follows. Default: the gradient.
    public var algorithm = Algorithm.gradient()
    /// The limit at the start: between ``minimum`` and ``maximum``, default 20.
    public var initial = 20
    /// The lowest limit: 1 or more, default 1. A high one takes back-pressure away from batches.
    public var minimum = 1
    /// The highest limit: up to 1,000,000, default 200.
    public var maximum = 200
    /// How long samples are gathered before the limit moves: 1 ms to 1 minute, default 1 s.
    public var window = Duration.seconds(1)
    /// How many samples a window needs: 1 to 1,000,000, default 10. A window without so many goes on.
    public var minimumSamples = 10
    /// Which errors say that there is too much load. Default: a `TimeoutError`, and an error that says when to come back.
    /// Other errors, and cancelled calls, say nothing: what fails fast is not quick.
    public var isOverload: @Sendable (any Error) -> Bool = Self.saysOverload
    /// How callers wait; its clock measures latencies too. Default: no limit to the queue.
    public var waiting = LimiterOptions()
    /// What the times of probes are spread with.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}

    private static func saysOverload(_ error: any Error) -> Bool {
        if error is TimeoutError { return true }
        guard let advice = (error as? any RetryAfterProviding)?.retryAdvice, case .after = advice else { return false }
        return true
    }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        try check().finish()
    }

    package func check() -> OptionsCheck {
        var check = OptionsCheck("AdaptiveLimiter")
        check.require(minimum, "minimum", atLeast: 1)
        check.require(
            maximum >= max(1, minimum) && maximum <= 1_000_000, "maximum", maximum,
            "at least the minimum and at most 1000000")
        check.require(
            initial >= minimum && initial <= maximum, "initial", initial, "between the minimum and the maximum")
        check.require(
            window >= .milliseconds(1) && window <= .seconds(60), "window", window, "between 1 ms and 1 minute")
        check.require(
            (1...1_000_000).contains(minimumSamples), "minimumSamples", minimumSamples, "between 1 and 1000000")
        switch algorithm {
        case .gradient(let gradient):
            check.require(gradient.tolerance, "gradient.tolerance", in: 1...10)
            check.require(
                gradient.smoothing > 0 && gradient.smoothing <= 1, "gradient.smoothing", gradient.smoothing,
                "above 0 and at most 1")
            check.require(gradient.queue, "gradient.queue", in: 0...1_000)
            check.require(
                (10...100_000).contains(gradient.longWindow), "gradient.longWindow", gradient.longWindow,
                "between 10 and 100000")
            if let interval = gradient.probeInterval {
                check.require(
                    interval >= .seconds(1) && interval <= .seconds(86_400), "gradient.probeInterval", interval,
                    "between 1 s and 1 day")
            }
            if let limit = gradient.probeLimit { check.require(limit, "gradient.probeLimit", atLeast: 1) }
        case .aimd(let aimd):
            check.require(
                aimd.backoff >= 0.1 && aimd.backoff < 1, "aimd.backoff", aimd.backoff, "at least 0.1 and below 1")
            check.requirePositive(aimd.longestLatency, "aimd.longestLatency")
        }
        check.require(waiting)
        return check
    }
}
