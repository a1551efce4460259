#if Batch
import Concerto
import ConcertoHTTP
import NIOCore

/// One row's way through the client: its slot, its marks in the store, its times.
///
/// Used by the row's worker, one step after the other; by the task of a second attempt only between ``willHedge()`` and
/// ``didHedge()``, while the worker waits for the first.
final class RowCall: HTTPCallDelegate {
    private struct Times {
        var attempts = 0
        var due: TimerInstant
        var sent: TimerInstant
        var ended: TimerInstant
        var cause: String?
        /// What the answer takes of the room for answers, and that of a second attempt.
        var share = 0
        var secondShare = 0
        /// The number of the token that the latest attempt carried.
        var token = 0
    }

    private let row: RowIdentity
    private let isRepeatable: Bool
    private let worker: Int
    private let crew: WorkerCrew
    private let journal: any RowJournal
    private let statistics: RunStatistics
    private let clock: any TimerClock
    private let answers: AnswerRoom
    private let substitution: Substitution
    private let tokens: TokenKeeper?
    private let times: Guarded<Times>

    init(_ row: RowIdentity, isRepeatable: Bool, due: TimerInstant, worker: Int, crew: WorkerCrew, run: BatchRun.Parts)
    {
        self.row = row
        self.isRepeatable = isRepeatable
        self.worker = worker
        self.crew = crew
        journal = run.journal
        statistics = run.statistics
        clock = run.clock
        answers = run.answers
        substitution = run.options.substitution
        tokens = run.tokens
        times = Guarded(Times(due: due, sent: due, ended: due))
    }

    /// Attempts, the last one's time, and everything before it.
    var measured: (attempts: Int, latency: Duration, queued: Duration) {
        times.withLock { times in
            guard times.attempts > 0 else { return (0, .zero, max(.zero, times.due.duration(to: clock.now))) }
            // A row may go before its turn, by as much as the pace makes up for.
            return (
                times.attempts, times.sent.duration(to: times.ended), max(.zero, times.due.duration(to: times.sent))
            )
        }
    }

    /// The number of the token that the latest attempt carried.
    var token: Int { times.withLock { $0.token } }

    /// The answer, if there was one, is held no more.
    func dropAnswer() {
        answers.leave(
            times.withLock { times in
                defer { times.share = 0 }
                return times.share
            })
    }

    func willWait() {
        dropAnswer()
        crew.park(worker)
    }

    func didWait() async { await crew.unpark(worker) }

    func willSend(attempt number: Int) async throws {
        dropAnswer()
        if let tokens {
            let token = try await tokens.ready()
            times.withLock { $0.token = token }
        }
        let share = try await answers.enter()
        times.withLock { $0.share = share }
        // A call that must not be sent twice is marked before it is sent: after a crash, nobody knows whether it
        // arrived, and the mark keeps it from being sent again.
        try await journal.willCall(row, isRepeatable: isRepeatable)
        do {
            try crew.beginCall(worker)
        } catch {
            if !isRepeatable { try journal.wasNotCalled(row) }
            throw error
        }
        let now = clock.now
        let cause = times.withLock { times in
            times.attempts = number
            times.sent = now
            return times.cause
        }
        if number > 1, let cause { statistics.retried(because: cause, at: now) }
        statistics.attemptStarted()
    }

    func didSend(_ result: AttemptResult) {
        crew.endCall(worker)
        statistics.attemptEnded()
        let now = clock.now
        times.withLock { times in
            times.ended = now
            times.cause = result.isRedirect ? nil : result.cause
            switch result {
            case .answered(let reply, _):
                times.share = answers.answered(reply.body.readableBytes, share: times.share)
            // Nothing was sent: what the call says is no call.
            case .failed(let failure, _) where failure.kind == .invalid: times.attempts -= 1
            case .failed, .cancelled: break
            }
        }
        if case .failed(let failure, mayRepeat: true) = result {
            statistics.failedForNow(substitution.hiding(failure.description), at: now)
        }
        // It is known again where the row stands: the server has refused, or nothing was sent.
        switch result {
        case .answered(_, mayRepeat: true), .failed(_, mayRepeat: true):
            if !isRepeatable { try? journal.wasNotCalled(row) }
        default: break
        }
        if case .answered(let reply, mayRepeat: true) = result, reply.status == 429 || reply.status == 503 {
            journal.hostWasRefusing()
        }
    }

    /// A second attempt is made only where there is room for its answer, and while the run goes on. It is the row's: the row
    /// ends once, with one of the two.
    func willHedge() -> Bool {
        guard !crew.isDraining, let share = answers.tryEnter() else { return false }
        times.withLock { times in
            times.secondShare = share
            times.attempts += 1
        }
        statistics.hedged()
        return true
    }

    func didHedge() {
        answers.leave(
            times.withLock { times in
                defer { times.secondShare = 0 }
                return times.secondShare
            })
        statistics.attemptEnded()
    }
}
#endif
