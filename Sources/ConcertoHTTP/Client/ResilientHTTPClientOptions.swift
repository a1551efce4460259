#if HTTP
public import Concerto
public import ConcertoResilience

/// How a ``ResilientHTTPClient`` behaves.
public struct ResilientHTTPClientOptions: Sendable {
    /// How long one attempt may take, from the first byte sent to the last received: longer than zero; a call's own goes
    /// before it. Default 30 s.
    public var timeout = Duration.seconds(30)
    /// How long a call may take with all its attempts and waits: longer than zero; default no limit.
    public var totalTimeout: Duration?
    /// Attempts after the first: 0 or more; default 4. An answer that says when to come back (`Retry-After`) uses up none,
    /// nor does an attempt that this machine could not make.
    public var maxRetries = 4
    /// Answers with `Retry-After` after which a call is repeated all the same, unless ``maxRetries`` is 0: 0 or more; default
    /// 100. Further ones use up retries.
    public var maxRefusals = 100
    /// The delays between attempts; default exponential from 200 ms to 30 s with full jitter.
    public var backoff = Backoff.exponential(base: .milliseconds(200), cap: .seconds(30))
    /// The longest pause that a `Retry-After` may ask for: zero or longer; default 5 min.
    public var maxRetryAfter = Duration.seconds(300)
    /// What may be repeated.
    public var rule = RepeatRule()
    /// How redirects are followed; `nil`, the default, for not at all: the answer is the redirect.
    public var redirects: RedirectRule?
    /// When a host that answers no more is left alone; `nil` for never. Default: half of 20 or more attempts within 10 s
    /// fail; then none for 5 s, and one to try.
    ///
    /// An attempt fails that gets no answer or a status of 500 or more; 429 and every other 4xx say that the host works. 503 is
    /// a refusal too, and counts only when the host has answered with nothing else for a second; a connection that breaks does
    /// not count while other calls are answered. After its circuit has closed, a host is called by one, two, four at a time. With
    /// `CircuitBreakerOptions.WhenOpen.reject`, the default, calls then end with `CircuitOpenError`, at once and with the
    /// exact time until it makes sense to come back; with `wait` they wait, in turn.
    ///
    /// `verdict`, `failureResults`, `name`, `clock` and `random` are the client's own; `halfOpenTimeLimit` is a day or
    /// longer, because an attempt's own timeout ends a probe that hangs.
    public var breaker: CircuitBreakerOptions? = CircuitBreakerOptions()
    /// Whether failures count for the breaker only once the host has answered. With calls that wait for the circuit: an
    /// outage ends, but a host that was never there would be waited for for ever.
    public var breakerNeedsAnswer = false
    /// Calls in flight at a time to one host: 1 or more; default no limit.
    public var maximumPerHost: Int?
    /// Finds out how many calls in flight each host bears, from their latencies and from refusals and timeouts; `nil`, the
    /// default, for not at all. ``maximumPerHost`` holds as well. Its `isOverload` and `waiting` are not used: callers wait at
    /// the host's gate, repeated calls first.
    public var adaptive: AdaptiveLimiterOptions?
    /// When a call that is under way is sent a second time, so that the faster answer counts: after a time, or when it takes
    /// longer than most calls to its host; `nil`, the default, for never.
    ///
    /// Only calls that may arrive twice (``RepeatRule/isRepeatable(_:)``). The second attempt goes through the host's gate with
    /// a turn of the pace and past the circuit breaker as any other does, is taken out of the host's retry budget, and gives up
    /// if one of them does not let it. What has lost is cancelled and waited for. A first attempt that fails before is
    /// followed by a retry instead: `afterFailure` is refused.
    public var hedge: HedgingOptions.Delay?
    /// Paces all attempts to all hosts; default not at all.
    public var limiter: RateLimiter?
    /// Further limits, of what calls count as; default none.
    public var limits: (any CallLimits)?
    /// Whether rate headers are believed besides `Retry-After`: `retry-after-ms`, `RateLimit` (IETF draft), `x-ratelimit-*`
    /// and Anthropic's. A refusal without `Retry-After` then closes the host's gate until the latest reset of what is used up,
    /// and so does any other answer that says that nothing remains. Default `false`.
    public var readsRateHeaders = false
    /// The header in which the called is told how many milliseconds are left of the caller's time and of the attempt's own,
    /// whichever is less; a call that has such a header keeps it. `nil`, the default, for none: not every host is to know.
    public var deadlineHeader: String?
    /// Measures all time.
    public var clock: any TimerClock = MonotonicClock()
    /// Draws the jitter.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("ResilientHTTPClient")
        check.requirePositive(timeout, "timeout")
        if let totalTimeout { check.requirePositive(totalTimeout, "totalTimeout") }
        check.require(maxRetries, "maxRetries", atLeast: 0)
        check.require(maxRefusals, "maxRefusals", atLeast: 0)
        check.require(backoff.check(), in: "backoff")
        check.requireNotNegative(maxRetryAfter, "maxRetryAfter")
        if let redirects { check.require(redirects.limit, "redirects.limit", atLeast: 1) }
        if let breaker { check.require(breaker.check(), in: "breaker") }
        if let adaptive { check.require(adaptive.check(), in: "adaptive") }
        if let hedge {
            var hedging = HedgingOptions()
            hedging.delay = hedge
            check.require(hedging.check(), in: "hedge")
            if case .afterFailure = hedge {
                check.require(false, "hedge", "afterFailure", "a time; what fails is followed by a retry")
            }
        }
        if let maximumPerHost { check.require(maximumPerHost, "maximumPerHost", atLeast: 1) }
        try check.finish()
    }
}
#endif
