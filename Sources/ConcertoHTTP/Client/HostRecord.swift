#if HTTP
import Concerto
import Synchronization

/// What a host has done so far.
final class HostRecord: Sendable {
    /// When it last gave an answer that says it works, in nanoseconds of the client's clock; `Int64.min` for never.
    private let lastAnswer = Atomic(Int64.min)
    /// Calls that came to the end of their attempts before it ever answered.
    private let givenUp = Atomic(0)
    private let latest = Guarded<HostHold?>(nil)
    /// Why the latest call came to its end that gave the host up for good, and when.
    private let reason = Guarded<(failure: HTTPFailure, at: TimerInstant)?>(nil)

    /// So many calls find out that a host is not there; those after them try once.
    private static let searchers = 16
    /// For so long what they have found out is told to others without asking again: a look-up in vain takes seconds.
    private static let memory = Duration.seconds(5)

    /// Whether it has ever answered.
    var hasAnswered: Bool { lastAnswer.load(ordering: .relaxed) != .min }

    /// Whether enough calls have found out that it is not there.
    var isNowhere: Bool { !hasAnswered && givenUp.load(ordering: .relaxed) >= Self.searchers }

    /// Whether it has answered within `duration`.
    func hasAnswered(within duration: Duration, of now: TimerInstant) -> Bool {
        let last = lastAnswer.load(ordering: .relaxed)
        return last != .min && TimerInstant(nanoseconds: last).duration(to: now) <= duration
    }

    func noteAnswer(at now: TimerInstant) { lastAnswer.store(now.nanoseconds, ordering: .relaxed) }

    func noteGivenUp(_ failure: HTTPFailure, at now: TimerInstant) {
        guard !hasAnswered else { return }
        givenUp.add(1, ordering: .relaxed)
        if failure.isLasting { reason.withLock { $0 = (failure, now) } }
    }

    /// How a call would end that is bound to end as those just before it; `nil` if it may as well be tried.
    func foregone(at now: TimerInstant) -> HTTPFailure? {
        guard isNowhere, let (failure, time) = reason.withLock({ $0 }), time.duration(to: now) < Self.memory else {
            return nil
        }
        return failure
    }

    /// How the latest attempt ended that counted against the host.
    var trouble: HostHold? { latest.withLock { $0 } }
    func note(_ trouble: HostHold) { latest.withLock { $0 = trouble } }
}
#endif
