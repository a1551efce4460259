import ConcertoRuntime

/// The timer of one timed wait.
///
/// It is armed after the waiter has entered its queue, so that a test that sees the timer knows that the task waits.
/// By then the wait may be over and `disarm` may have come first; `state` decides that race.
final class WaitAlarm: Sendable {
    private enum State {
        case idle
        case armed(any ScheduledTimer)
        case done
    }

    private let clock: any TimerClock
    private let deadline: TimerInstant
    private let state = Guarded(State.idle)

    init(clock: any TimerClock, deadline: TimerInstant) {
        self.clock = clock
        self.deadline = deadline
    }

    func arm(_ waiter: Waiter) {
        let timer = clock.schedule(at: deadline) { waiter.leave(.timedOut) }
        let late = state.withLock { state in
            guard case .idle = state else { return true }
            state = .armed(timer)
            return false
        }
        if late { timer.cancel() }
    }

    func disarm() {
        let timer = state.withLock { state -> (any ScheduledTimer)? in
            defer { state = .done }
            guard case .armed(let timer) = state else { return nil }
            return timer
        }
        timer?.cancel()
    }
}
