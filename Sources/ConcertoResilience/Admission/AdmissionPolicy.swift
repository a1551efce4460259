/// Pure logic that decides who may go on: a token bucket, a counter of permits, a circuit.
///
/// It knows no lock, no queue and no task; ``AdmissionQueue`` gives it those. `now` never runs backwards for one
/// policy by more than the time between reading a clock, at the latest where an execution's chain of strategies began or
/// last waited, and taking a lock; policies keep the latest instant they saw.
protocol AdmissionPolicy: Sendable {
    /// Whether the policy looks at the time; if not, no clock is read.
    static var usesTime: Bool { get }

    /// Takes `weight` if that is possible at `now`.
    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission

    /// Whether `weight` is more than can ever be admitted.
    func isNever(_ weight: Int) -> Bool

    /// When `weight` could be admitted if nobody else came: `distantFuture` if only another event can tell.
    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant

    /// Whether something is left to do that calls foreign code, and so must not be done under the lock.
    var hasNews: Bool { get }
}

extension AdmissionPolicy {
    static var usesTime: Bool { true }
    func isNever(_ weight: Int) -> Bool { false }
    var hasNews: Bool { false }
}

/// What a policy says to a caller.
enum Admission: Sendable, Hashable {
    /// With something to remember and to give back, of which only the policy knows what it means.
    case granted(AdmissionGrant)
    /// Not before this instant; `distantFuture`: not before somebody else has done something.
    case notBefore(TimerInstant)
    /// More than the policy can ever give.
    case never
}

/// Why a caller was not admitted.
enum Refusal: Sendable, Hashable {
    /// The queue is full, or was full and a newer caller took the place.
    case queueFull(retryAfter: Duration?)
    /// The turn would come after the deadline, or did not come before it.
    case tooLate(retryAfter: Duration?)
    /// More was asked for than can ever be given.
    case exceedsLimit

    var reason: LimiterRejectionReason {
        switch self {
        case .queueFull: .queueFull
        case .tooLate: .tooLate
        case .exceedsLimit: .exceedsLimit
        }
    }

    /// How long a caller that came now would wait; `nil` if that cannot be known.
    var retryAfter: Duration? {
        switch self {
        case .queueFull(let retryAfter), .tooLate(let retryAfter): retryAfter
        case .exceedsLimit: nil
        }
    }
}

typealias AdmissionGrant = Int

enum AdmissionOutcome: Sendable, Hashable {
    case granted(AdmissionGrant)
    case refused(Refusal)
}

/// In which order queued callers are served.
public enum QueueOrder: Sendable, Hashable {
    /// First come, first served; a caller that finds the queue full is turned away.
    case oldestFirst
    /// Last come, first served; a caller that finds the queue full takes the place of the oldest, who is turned away.
    /// For callers whose own callers give up soon.
    case newestFirst
}
