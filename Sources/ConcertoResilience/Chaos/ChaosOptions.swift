/// How often ``Chaos`` strikes.
public struct ChaosOptions: Sendable {
    /// Which share of the calls it strikes: 0 to 1, default 0.001.
    public var injectionRate = 0.001
    /// The share for this call, in place of ``injectionRate``; what is below 0 or above 1 counts as that.
    public var rate: (@Sendable (ResilienceContext) async -> Double)?
    /// Whether this call may be struck at all. Default: every one.
    public var isEnabled: (@Sendable (ResilienceContext) async -> Bool)?
    /// Called when it strikes, before it does.
    public var onInject: (@Sendable (ResilienceContext) -> Void)?
    /// The strategy's name, for telemetry.
    public var name: String?
    /// What latency is measured with.
    public var clock: any TimerClock = MonotonicClock()
    /// What chance is drawn from.
    public var random = RandomSource.system
    /// Where strikes are reported.
    public var telemetry = ResilienceTelemetry.shared

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("Chaos")
        check.require(injectionRate, "injectionRate", in: 0...1)
        try check.finish()
    }
}
