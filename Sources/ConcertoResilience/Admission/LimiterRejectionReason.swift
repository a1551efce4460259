/// Why a limiter has turned a caller away.
public enum LimiterRejectionReason: Sendable, Hashable {
    /// Too many callers wait already.
    case queueFull
    /// The turn would come after the deadline of the execution or the longest wait, or did not come before it.
    case tooLate
    /// More was asked for at once than there can ever be.
    case exceedsLimit
}
