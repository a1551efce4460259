import Synchronization

/// One wait of `TimerClock.sleep`.
///
/// Three parties race: the task that starts the wait, the clock that ends it, and the task's canceller, who may come
/// before `start`. The continuation is taken out of `state` under the lock by exactly one of them and resumed
/// outside it.
final class TimerSleep: Sendable {
    fileprivate typealias Waiter = UnsafeContinuation<Void, any Error>

    fileprivate struct State {
        /// Set by `start`, taken by the party that ends the wait.
        var waiter: Waiter?
        var hasEnded = false
        var timer = PendingTimer()
    }

    private let state = Guarded(State())

    func start(_ waiter: UnsafeContinuation<Void, any Error>, on clock: some TimerClock, until deadline: TimerInstant) {
        let change = state.withLock { state -> PendingTimer.Change? in
            guard !state.hasEnded else { return nil }
            state.waiter = waiter
            return state.timer.request(at: deadline)
        }
        // Cancelled before it began.
        guard let change else { return waiter.resume(throwing: CancellationError()) }
        clock.perform(change) { [self] request in
            state.withLock { $0.timer.fire(request) ? $0.end() : nil }?.resume()
        } keep: { timer, request in
            state.withLock { $0.timer.keep(timer, for: request) }
        }
    }

    func cancel() {
        let (waiter, timer) = state.withLock { ($0.end(), $0.timer.withdraw()) }
        timer.cancelStale()
        waiter?.resume(throwing: CancellationError())
    }
}

extension TimerSleep.State {
    fileprivate mutating func end() -> UnsafeContinuation<Void, any Error>? {
        hasEnded = true
        return waiter.take()
    }
}
