/// A rate limiter has turned a call away; nothing was taken.
public struct RateLimiterRejectedError: RetryAfterProviding, Hashable, CustomStringConvertible {
    /// Why a caller was turned away.
    public typealias Reason = LimiterRejectionReason

    /// Why.
    public let reason: Reason
    /// How long a caller that came now would wait; `nil` if it would wait for ever.
    public let retryAfter: Duration?
    /// The limiter's name.
    public let limiter: String?

    /// Tells a retry to wait for ``retryAfter``, and not to try what exceeds the limit.
    public var retryAdvice: RetryAdvice {
        guard reason != .exceedsLimit else { return .never }
        return retryAfter.map { .after($0) } ?? .unspecified
    }

    /// What happened and what to do.
    public var description: String {
        let name = limiter.map { "the rate limiter \($0)" } ?? "the rate limiter"
        let wait = retryAfter.map { "; try again in \($0)" } ?? ""
        return switch reason {
        case .queueFull: "\(name) has too many callers waiting\(wait)"
        case .tooLate: "\(name) cannot let this call pass before its deadline\(wait)"
        case .exceedsLimit: "\(name) can never let so much pass at once; ask for less or raise the limit"
        }
    }
}

extension RateLimiterRejectedError {
    init(_ refusal: Refusal, _ limiter: String?) {
        self.init(reason: refusal.reason, retryAfter: refusal.retryAfter, limiter: limiter)
    }
}
