import ConcertoRuntime
import Synchronization

/// Where a callback of ``TaskHandle/onCompletion(_:_:)`` runs.
public enum ContinuationMode: Sendable {
    /// In a task of its own: it cannot delay whoever ends the task. The default.
    case asynchronous
    /// On the thread that ends the task, inside the call that does; for a few instructions. Callbacks that end further
    /// tasks do not nest: those tasks' synchronous callbacks run one after the other, so that chains of any length
    /// need no stack. One that blocks in `runBlocking` after all lets those go first.
    case synchronous
}

extension TaskHandle {
    /// Asks the task to stop. One that has not started ends as cancelled at once and its body never runs; a running
    /// body sees `Task.isCancelled`; the task of a ``TaskCompletionSource`` asks its source.
    ///
    /// Cancelling a task that has ended does nothing.
    public func cancel() {
        let (canceller, body) = state.withLock {
            state -> ((@Sendable () -> Void)?, TaskBody<Success>?) in
            guard !isCompleted, !state.cancelRequested else { return (nil, nil) }
            state.cancelRequested = true
            // Whoever takes the body out under the lock decides whether it ever runs.
            let body = state.body
            state.body = nil
            return (state.canceller, body)
        }
        if body != nil { complete(.failure(CancellationError())) }
        canceller?()
    }

    /// Calls `action` when the task has ended; soon, if it has already.
    ///
    /// A failure does not skip it: it gets the handle and finds out. Use `async` code with ``value`` where you can.
    /// - Where it runs: as `mode` says; with `.synchronous` on a task that has ended, inside this call.
    /// - Ordering: asynchronous callbacks are started before any synchronous one runs; within a mode, in the order of
    ///   registration.
    public func onCompletion(
        _ mode: ContinuationMode = .asynchronous, _ action: @escaping @Sendable (TaskHandle<Success>) -> Void
    ) {
        _ = addCallback(mode, action)
    }

    /// Registers a callback that can be taken back with ``removeCallback(_:)``; 0 if the task had ended.
    func addCallback(_ mode: ContinuationMode, _ action: @escaping @Sendable (TaskHandle<Success>) -> Void) -> UInt64 {
        let id = state.withLock { state -> UInt64 in
            guard !isCompleted else { return 0 }
            return state.callbacks.append(mode, action)
        }
        if id == 0 { run(action, mode) }
        return id
    }

    func removeCallback(_ id: UInt64) {
        guard id != 0 else { return }
        let removed = state.withLock { $0.callbacks.remove(id) }
        _ = consume removed
    }

    func setCanceller(_ canceller: @escaping @Sendable () -> Void) {
        let late = state.withLock { state in
            guard !isCompleted else { return false }
            state.canceller = canceller
            return state.cancelRequested
        }
        if late { canceller() }
    }

    /// Ends the task, if it has not ended: exactly one caller gets `true`, and whoever gets `false` sees the final
    /// status when this returns, because the winner publishes it under the lock.
    @discardableResult
    func complete(_ outcome: Result<Success, any Error>) -> Bool {
        var wakes = WakeList()
        let finished = state.withLock { state -> Finished? in
            guard !isCompleted else { return nil }
            stored = outcome
            phase.store(Self.status(of: outcome).rawValue, ordering: .releasing)
            state.waiters.grantAll(into: &wakes)
            let finished = Finished(
                callbacks: state.callbacks.removeAll(), canceller: state.canceller, registration: state.registration)
            state.canceller = nil
            state.registration = CancellationTokenRegistration()
            return finished
        }
        guard let finished else { return false }
        finished.registration.unregister()
        wakes.resume()
        for callback in finished.callbacks where callback.mode == .asynchronous { run(callback.action, .asynchronous) }
        for callback in finished.callbacks where callback.mode == .synchronous { run(callback.action, .synchronous) }
        return true
    }

    private struct Finished {
        let callbacks: [CompletionCallbackList<Success>.Callback]
        /// Only carried out of the lock to be released there.
        let canceller: (@Sendable () -> Void)?
        let registration: CancellationTokenRegistration
    }

    private func run(_ action: @escaping @Sendable (TaskHandle<Success>) -> Void, _ mode: ContinuationMode) {
        switch mode {
        case .asynchronous: Task<Void, Never> { action(self) }
        case .synchronous: CallbackTrampoline.run { action(self) }
        }
    }
}
