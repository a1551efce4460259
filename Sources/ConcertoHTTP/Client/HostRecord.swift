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

    /// So many calls find out that a host is not there; those after them try once.
    private static let searchers = 16

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

    func noteGivenUp() {
        if !hasAnswered { givenUp.add(1, ordering: .relaxed) }
    }

    /// How the latest attempt ended that counted against the host.
    var trouble: HostHold? { latest.withLock { $0 } }
    func note(_ trouble: HostHold) { latest.withLock { $0 = trouble } }
}
#endif
