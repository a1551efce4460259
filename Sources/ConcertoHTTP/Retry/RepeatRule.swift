#if HTTP
/// Which calls may be sent a second time, and after what.
///
/// A call that changes something and may have arrived must not be repeated, unless the server can recognise it or has
/// said that it did nothing.
public struct RepeatRule: Sendable {
    /// Methods that have the same effect when they arrive twice (RFC 9110 §9.2.2).
    public static let idempotentMethods: Set<String> = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]

    /// Statuses that say "later, perhaps": 408, 425, 429, 500, 502, 503, 504.
    public static let defaultStatuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504]

    /// Statuses with which a server says that it has not acted: too early, too many requests, unavailable.
    public static let refusals: Set<Int> = [425, 429, 503]

    /// The statuses after which a call may be repeated.
    public var statuses: Set<Int>
    /// Whether every call counts as repeatable.
    public var repeatsUnsafe: Bool

    /// Creates a rule.
    public init(statuses: Set<Int> = defaultStatuses, repeatsUnsafe: Bool = false) {
        self.statuses = statuses
        self.repeatsUnsafe = repeatsUnsafe
    }

    /// Whether `call` may arrive twice: its method is idempotent, or it carries an `Idempotency-Key`.
    public func isRepeatable(_ call: HTTPCall) -> Bool {
        repeatsUnsafe || Self.idempotentMethods.contains(call.method) || call.hasHeader("idempotency-key")
    }

    /// Whether `call` may be repeated after an answer with `status`.
    public func allowsRepeat(of call: HTTPCall, after status: Int) -> Bool {
        statuses.contains(status) && (isRepeatable(call) || Self.refusals.contains(status))
    }

    /// Whether `call` may be repeated after `failure`: not where that is bound to fail in the same way.
    public func allowsRepeat(of call: HTTPCall, after failure: HTTPFailure) -> Bool {
        guard !failure.isLasting else { return false }
        return !failure.mayHaveBeenSent || isRepeatable(call)
    }
}
#endif
