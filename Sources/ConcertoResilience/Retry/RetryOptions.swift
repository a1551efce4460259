/// How a ``Retry`` behaves.
public struct RetryOptions: Sendable {
    /// What happens when a retry is due and the budget is empty.
    public enum BudgetExhaustion: Sendable, Hashable {
        /// The attempt's error is thrown.
        case fail
        /// The retry waits, in turn, until the budget allows it: for batches, where a row may be late but must not
        /// fail. The budget needs a floor, or the wait might never end.
        case wait
    }

    /// How often the operation is repeated at most: 0 or more; `Int.max` for no limit. Default 3, so 4 calls.
    public var maxRetries = 3

    /// The delays. Default: exponential from 100 ms, capped at 20 s, full jitter.
    public var backoff = Backoff.exponential()

    /// How long all attempts and delays may take together: no retry begins later. Longer than zero; default no limit.
    /// It does not cut an attempt off; put a ``Timeout`` around the retry for that.
    public var maxTotalTime: Duration?

    /// The longest wait that an error's ``RetryAfterProviding``, or ``delay``, may ask for; longer demands are cut to it.
    /// Zero or longer; default 60 s.
    public var maxRetryAfter = Duration.seconds(60)

    /// How many retries there may be among all calls that share the budget. Default: a budget of this retry's own, 20 %
    /// of the calls and 10 a second; `nil` for no budget.
    public var budget: RetryBudget? = .own

    /// What happens when the budget is empty. Default: fail.
    public var whenBudgetExhausted = BudgetExhaustion.fail

    /// Which errors are worth a retry. Default: all but `CancellationError`. An error whose ``RetryAdvice`` is `never`
    /// is not retried whatever this says, and nothing is once the calling task is cancelled.
    public var shouldRetry: @Sendable (any Error) -> Bool = { !($0 is CancellationError) }

    /// Which results are worth a retry. Default: none.
    public var retryResults: ResultPredicate?

    /// A delay of the caller's choice in place of the back-off's: gets the event with the back-off's delay, returns
    /// another or `nil` to keep it. Negative delays count as zero, longer ones than ``maxRetryAfter`` are cut to it;
    /// the back-off's cap and jitter do not apply, an error's ``RetryAdvice`` does.
    public var delay: (@Sendable (RetryEvent) -> Duration?)?

    /// Called before each delay.
    public var onRetry: (@Sendable (RetryEvent) -> Void)?

    /// Called with each result that is not returned because the operation is repeated: say, to drain a response body.
    public var onDiscard: (@Sendable (Any) async -> Void)?

    /// The retry's name, for telemetry.
    public var name: String?

    /// What delays and total time are measured with.
    public var clock: any TimerClock = MonotonicClock()

    /// What jitter draws from.
    public var random = RandomSource.system

    /// Where retries are reported.
    public var telemetry = ResilienceTelemetry.shared

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("Retry")
        check.require(maxRetries, "maxRetries", atLeast: 0)
        check.require(backoff.check(), in: "backoff")
        if let maxTotalTime { check.requirePositive(maxTotalTime, "maxTotalTime") }
        check.requireNotNegative(maxRetryAfter, "maxRetryAfter")
        if whenBudgetExhausted == .wait, let budget {
            check.require(
                budget.options.minimumPerSecond > 0, "budget.minimumPerSecond", budget.options.minimumPerSecond,
                "more than 0 when an exhausted budget makes retries wait")
        }
        try check.finish()
    }
}
