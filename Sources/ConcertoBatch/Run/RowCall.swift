#if Batch
import Concerto
import ConcertoHTTP

/// One row's way through the client: its slot, its marks in the store, its times.
///
/// Used by the row's worker alone, one step after the other; the lock is there because the client asks for a `Sendable`
/// delegate.
final class RowCall: HTTPCallDelegate {
    private struct Times {
        var attempts = 0
        var due: TimerInstant
        var sent: TimerInstant
        var ended: TimerInstant
        var cause: String?
    }

    private let key: String
    private let isRepeatable: Bool
    private let worker: Int
    private let crew: WorkerCrew
    private let ledger: Ledger
    private let statistics: RunStatistics
    private let clock: any TimerClock
    private let times: Guarded<Times>

    init(key: String, isRepeatable: Bool, due: TimerInstant, worker: Int, crew: WorkerCrew, run: BatchRun.Parts) {
        self.key = key
        self.isRepeatable = isRepeatable
        self.worker = worker
        self.crew = crew
        ledger = run.ledger
        statistics = run.statistics
        clock = run.clock
        times = Guarded(Times(due: due, sent: due, ended: due))
    }

    /// Attempts, the last one's time, and everything before it.
    var measured: (attempts: Int, latency: Duration, queued: Duration) {
        times.withLock { times in
            guard times.attempts > 0 else { return (0, .zero, times.due.duration(to: clock.now)) }
            return (times.attempts, times.sent.duration(to: times.ended), times.due.duration(to: times.sent))
        }
    }

    func willWait() { crew.park(worker) }

    func didWait() async { await crew.unpark(worker) }

    func willSend(attempt number: Int) async throws {
        // A call that must not be sent twice is marked before it is sent: after a crash, nobody knows whether it
        // arrived, and the mark keeps it from being sent again.
        if !isRepeatable { try await ledger.mark(key, .inFlight) }
        do {
            try crew.beginCall(worker)
        } catch {
            if !isRepeatable { try ledger.note(key, .pending) }
            throw error
        }
        let now = clock.now
        let cause = times.withLock { times in
            times.attempts = number
            times.sent = now
            return times.cause
        }
        if number > 1, let cause { statistics.retried(because: cause) }
        statistics.attemptStarted()
    }

    func didSend(_ result: AttemptResult) {
        crew.endCall(worker)
        statistics.attemptEnded()
        let now = clock.now
        times.withLock { times in
            times.ended = now
            times.cause = result.isRedirect ? nil : result.cause
        }
        // It is known again where the row stands: the server has refused, or nothing was sent.
        switch result {
        case .answered(_, mayRepeat: true), .failed(_, mayRepeat: true):
            if !isRepeatable { try? ledger.note(key, .pending) }
        default: break
        }
    }
}
#endif
