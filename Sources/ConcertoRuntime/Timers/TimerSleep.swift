import Synchronization

/// One wait of `TimerClock.sleep`.
///
/// Three parties race: the task that starts the wait, the clock that ends it, and the task's canceller, who may come
/// before `start`. The continuation is taken out of `state` under the lock by exactly one of them and resumed
/// outside it.
final class TimerSleep: Sendable {
    private typealias Waiter = UnsafeContinuation<Void, any Error>

    private enum State {
        case idle
        case waiting(Waiter, (any ScheduledTimer)?)
        case finished
        case cancelled
    }

    private let state = Guarded(State.idle)

    func start(_ waiter: UnsafeContinuation<Void, any Error>, on clock: some TimerClock, until deadline: TimerInstant) {
        let cancelled = state.withLock { state in
            guard case .idle = state else { return true }
            state = .waiting(waiter, nil)
            return false
        }
        guard !cancelled else { return waiter.resume(throwing: CancellationError()) }
        let timer = clock.schedule(at: deadline) { self.fire() }
        let late = state.withLock { state in
            guard case .waiting(let waiter, _) = state else { return true }
            state = .waiting(waiter, timer)
            return false
        }
        // Cancelled (or fired) between the two locks: whoever ended the wait saw no timer to take back.
        if late { timer.cancel() }
    }

    func cancel() {
        let (waiter, timer) = end(as: .cancelled)
        timer?.cancel()
        waiter?.resume(throwing: CancellationError())
    }

    private func fire() {
        let (waiter, _) = end(as: .finished)
        waiter?.resume()
    }

    private func end(as outcome: State) -> (Waiter?, (any ScheduledTimer)?) {
        state.withLock { state in
            switch state {
            case .idle:
                state = outcome
                return (nil, nil)
            case .waiting(let waiter, let timer):
                state = outcome
                return (waiter, timer)
            case .finished, .cancelled:
                return (nil, nil)
            }
        }
    }
}
