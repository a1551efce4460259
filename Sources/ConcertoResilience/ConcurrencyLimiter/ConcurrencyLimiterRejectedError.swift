/// A concurrency limiter has turned a call away.
public struct ConcurrencyLimiterRejectedError: Error, Hashable, CustomStringConvertible {
    /// Why a caller was turned away.
    public typealias Reason = LimiterRejectionReason

    /// Why.
    public let reason: Reason
    /// The limiter's name.
    public let limiter: String?

    /// What happened and what to do.
    public var description: String {
        let name = limiter.map { "the concurrency limiter \($0)" } ?? "the concurrency limiter"
        return switch reason {
        case .queueFull: "\(name) is at its limit and too many callers wait: shed load, or raise limit or queue"
        case .tooLate: "\(name) had no permit free before the deadline"
        case .exceedsLimit: "\(name) has fewer permits than were asked for at once; ask for less or raise the limit"
        }
    }
}

extension ConcurrencyLimiterRejectedError {
    init(_ refusal: Refusal, _ limiter: String?) {
        self.init(reason: refusal.reason, limiter: limiter)
    }
}
