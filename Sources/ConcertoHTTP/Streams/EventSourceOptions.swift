#if HTTP
public import Concerto
public import ConcertoResilience

/// How an ``EventSource`` connects, and when it does so again.
///
/// | option | default | range |
/// |---|---|---|
/// | ``reconnects`` | where a call may arrive twice | |
/// | ``backoff`` | exponential from 1 s to 30 s, full jitter | |
/// | ``maximumPause`` | 5 min | zero or longer |
/// | ``maximumFailures`` | none | 0 or more |
/// | ``openTimeout`` | 30 s | longer than zero |
/// | ``idleLimit`` | none | longer than zero |
/// | ``maximumEvent`` | 1 MiB | 1 or more |
public struct EventSourceOptions: Sendable {
    /// Whether the call is made again after its connection has ended, in good order or not; `nil`, the default, for calls that
    /// may arrive twice (GET and the like, or with an `Idempotency-Key`). Where it is not, the loop ends with the connection:
    /// that is what answers want which come as events and then are complete.
    public var reconnects: Bool?
    /// The pauses before the call is made again, on top of the reconnection time that the server has sent (`retry`). Counted
    /// from the last event: a connection that has brought none is one more failure, unless it held for as long as the longest of
    /// these pauses.
    public var backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(30))
    /// The longest pause that a server may ask for, with `retry` or `Retry-After`.
    public var maximumPause = Duration.seconds(300)
    /// How many connections may fail one after the other without an event before the loop ends with the failure of the last.
    public var maximumFailures: Int?
    /// How long the head of an answer may take, redirects included each.
    public var openTimeout = Duration.seconds(30)
    /// How long the server may send nothing, not even a comment, before the connection counts as dead. Set it above the
    /// interval of the server's comments: a connection whose other side has vanished is not noticed otherwise.
    public var idleLimit: Duration?
    /// How many bytes of data an event may have, and a line.
    public var maximumEvent = 1 << 20
    /// How redirects are followed; `nil` for not at all.
    public var redirects: RedirectRule? = RedirectRule()
    /// Is told of every change, before the loop goes on; on the loop's task.
    public var onChange: (@Sendable (EventSource.Change) -> Void)?
    /// Measures all time.
    public var clock: any TimerClock = MonotonicClock()
    /// Draws the jitter.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("EventSource")
        check.require(backoff.check(), in: "backoff")
        check.requireNotNegative(maximumPause, "maximumPause")
        if let maximumFailures { check.require(maximumFailures, "maximumFailures", atLeast: 0) }
        check.requirePositive(openTimeout, "openTimeout")
        if let idleLimit { check.requirePositive(idleLimit, "idleLimit") }
        check.require(maximumEvent, "maximumEvent", atLeast: 1)
        if let redirects { check.require(redirects.limit, "redirects.limit", atLeast: 1) }
        try check.finish()
    }
}
#endif
