/// How callers wait for a ``RateLimiter`` or a ``ConcurrencyLimiter``, and what the limiter is called.
public struct LimiterOptions: Sendable {
    /// How many permits may be waited for: 0 or more, 0 to turn away at once. Default: no limit.
    public var queueLimit = Int.max
    /// Who is served first.
    public var order = QueueOrder.oldestFirst
    /// How long a caller waits at most: zero or longer; default no limit. Where it can be known at once that it would take
    /// longer, a caller is turned away at once.
    public var maxWait: Duration?
    /// The limiter's name, for telemetry and messages.
    public var name: String?
    /// What is measured with: waits, and rates.
    public var clock: any TimerClock = MonotonicClock()
    /// Where waits and rejections are reported.
    public var telemetry = ResilienceTelemetry.shared

    /// The defaults.
    public init() {}

    init(
        _ queueLimit: Int, _ order: QueueOrder, _ maxWait: Duration?, _ name: String?, _ clock: any TimerClock,
        _ telemetry: ResilienceTelemetry
    ) {
        self.queueLimit = queueLimit
        self.order = order
        self.maxWait = maxWait
        self.name = name
        self.clock = clock
        self.telemetry = telemetry
    }
}

extension OptionsCheck {
    mutating func require(_ options: LimiterOptions) {
        require(options.queueLimit, "queueLimit", atLeast: 0)
        if let maxWait = options.maxWait { requireNotNegative(maxWait, "maxWait") }
    }
}
