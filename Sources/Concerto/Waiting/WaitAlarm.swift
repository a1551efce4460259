import ConcertoRuntime

/// The timer of one timed wait.
///
/// It is armed after the waiter has entered its queue, so that a test that sees the timer knows that the task waits.
/// By then the wait may be over and `disarm` may have come first; the ``PendingTimer`` decides that race.
final class WaitAlarm: Sendable {
    private let clock: any TimerClock
    private let change: PendingTimer.Change
    private let timer: Guarded<PendingTimer>

    init(clock: any TimerClock, deadline: TimerInstant) {
        self.clock = clock
        var timer = PendingTimer()
        change = timer.request(at: deadline)
        self.timer = Guarded(timer)
    }

    /// Called once.
    func arm(_ waiter: Waiter) {
        clock.perform(change) { [self] request in
            if timer.withLock({ $0.fire(request) }) { waiter.leave(.timedOut) }
        } keep: { timer, request in
            self.timer.withLock { $0.keep(timer, for: request) }
        }
    }

    func disarm() {
        timer.withLock { $0.withdraw() }.cancelStale()
    }
}
