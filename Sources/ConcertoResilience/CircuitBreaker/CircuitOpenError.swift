/// A circuit breaker has turned a call away.
public struct CircuitOpenError: RetryAfterProviding, CustomStringConvertible {
    /// Where the breaker stood: open, half-open with all probes under way, or isolated.
    public let state: CircuitState
    /// How long until the next probe may pass: exact while the circuit is open, `nil` while it is half-open, isolated, or a
    /// generated break is being worked out, because nobody can know.
    public let retryAfter: Duration?
    /// The breaker's name.
    public let breaker: String?
    /// The error that opened the circuit.
    public let cause: (any Error)?

    /// Tells a retry to wait for ``retryAfter``, and not to try an isolated circuit.
    public var retryAdvice: RetryAdvice {
        if state == .isolated { return .never }
        return retryAfter.map { .after($0) } ?? .unspecified
    }

    /// What happened and what to do.
    public var description: String {
        let name = breaker.map { "the circuit breaker \($0)" } ?? "the circuit breaker"
        let cause = cause.map { "; what opened it: \($0)" } ?? ""
        return switch state {
        case .isolated: "\(name) has been isolated by hand; close it to let calls through\(cause)"
        case .halfOpen: "\(name) is half-open and its probes are under way; try again later\(cause)"
        case .open, .closed: "\(name) is open; try again \(retryAfter.map { "in \($0)" } ?? "later")\(cause)"
        }
    }
}
