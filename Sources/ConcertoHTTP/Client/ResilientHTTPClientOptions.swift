#if HTTP
public import Concerto
public import ConcertoResilience

/// How a ``ResilientHTTPClient`` behaves.
public struct ResilientHTTPClientOptions: Sendable {
    /// How long one attempt may take, from the first byte sent to the last received; a call's own goes before it.
    /// Default 30 s.
    public var timeout = Duration.seconds(30)
    /// How long a call may take with all its attempts and waits; default no limit.
    public var totalTimeout: Duration?
    /// Attempts after the first; default 4.
    public var maxRetries = 4
    /// The delays between attempts; default exponential from 200 ms to 30 s with full jitter.
    public var backoff = Backoff.exponential(base: .milliseconds(200), cap: .seconds(30))
    /// The longest pause that a `Retry-After` may ask for; default 5 min.
    public var maxRetryAfter = Duration.seconds(300)
    /// What may be repeated.
    public var rule = RepeatRule()
    /// Calls in flight at a time to one host; default no limit.
    public var maximumPerHost: Int?
    /// Paces all attempts to all hosts; default not at all.
    public var limiter: RateLimiter?
    /// Measures all time.
    public var clock: any TimerClock = MonotonicClock()
    /// Draws the jitter.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}
}
#endif
