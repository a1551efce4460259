/// How a ``Hedging`` behaves.
public struct HedgingOptions: Sendable {
    /// When the next attempt begins, counted from the latest beginning. One that fails is followed by the next at once,
    /// whatever this says.
    public enum Delay: Sendable {
        /// After this time; zero starts all attempts together.
        case fixed(Duration)
        /// When the latest attempt has taken longer than this share of the calls of the last minute or two: 0.95 sends one
        /// call in twenty twice. Above 0 and below 1. Until there are `minimumSamples` (1 to 1,000,000), `initial` holds.
        case percentile(Double, initial: Duration, minimumSamples: Int = 100)
        /// Whatever the function says about the attempt that would begin; `nil` for not before one has failed.
        case generated(@Sendable (HedgeEvent) -> Duration?)
        /// Only when one has failed.
        case afterFailure
    }

    /// How many attempts there may be beside the first: 1 to 10, default 1.
    public var maxHedges = 1

    /// When the next attempt begins. Default: after 2 s.
    public var delay = Delay.fixed(.seconds(2))

    /// Which errors do not end the call, but are followed by the next attempt. Default: all but `CancellationError`. Other
    /// errors are the call's: they end it as a result does.
    public var isFailure: @Sendable (any Error) -> Bool = { !($0 is CancellationError) }

    /// Which results are followed by the next attempt as failures are. Default: none.
    public var failureResults: ResultPredicate?

    /// How many further attempts there may be among all calls that share the budget. Default: a budget of the hedging's
    /// own, 20 % of the calls and 10 a second; `nil` for no budget. One that is shared with a ``Retry`` bounds both
    /// together.
    public var budget: RetryBudget? = .own

    /// Whether calls are counted in the budget. Default (`nil`): in one of the hedging's own they are, in a shared one they
    /// are not, because the retry that it is shared with counts them.
    public var countsCalls: Bool?

    /// Called before each further attempt.
    public var onHedge: (@Sendable (HedgeEvent) -> Void)?

    /// Called with each result that is not returned: say, to close a response's body.
    public var onDiscard: (@Sendable (any Sendable) async -> Void)?

    /// The hedging's name, for telemetry.
    public var name: String?

    /// What delays and latencies are measured with.
    public var clock: any TimerClock = MonotonicClock()

    /// Where further attempts are reported.
    public var telemetry = ResilienceTelemetry.shared

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        try check().finish()
    }

    package func check() -> OptionsCheck {
        var check = OptionsCheck("Hedging")
        check.require((1...10).contains(maxHedges), "maxHedges", maxHedges, "between 1 and 10")
        switch delay {
        case .fixed(let delay):
            check.requireNotNegative(delay, "delay")
        case .percentile(let share, let initial, let minimumSamples):
            check.require(share > 0 && share < 1, "delay.percentile", share, "above 0 and below 1")
            check.requireNotNegative(initial, "delay.initial")
            check.require(
                (1...1_000_000).contains(minimumSamples), "delay.minimumSamples", minimumSamples,
                "between 1 and 1000000")
        case .generated, .afterFailure:
            break
        }
        return check
    }
}
