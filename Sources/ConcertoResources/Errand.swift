import Concerto
import ConcertoRuntime

/// Foreign asynchronous work in a task of its own, which its owner waits for no longer than a limit.
///
/// The work is nobody's child: no caller's cancellation, deadline or priority reaches it, and none waits for it beyond
/// its limit, also if it does not notice that it was cancelled.
///
/// **Invariant.** `finish` is called once: with what the work gave, or with a `TimeoutError` at the limit; after
/// ``abandon()`` not at all, unless it had begun before. What the work still gives after that goes to `late`.
final class Errand<Success: Sendable>: Sendable {
    private struct State {
        var timer = PendingTimer()
        var isOver = false
        var isCancelled = false
        var task: Task<Void, Never>?

        /// Marks the work as over before anybody cancels it.
        mutating func end() -> Task<Void, Never>? {
            isOver = true
            isCancelled = true
            return task.take()
        }
    }

    private let state = Guarded(State())
    private let limit: Duration?
    private let operation: String
    private let finish: @Sendable (Result<Success, any Error>) -> Void
    private let late: @Sendable (Success) -> Void

    /// Creates work that ``start(on:inheriting:_:)`` begins.
    init(
        _ operation: String, limit: Duration?, late: @escaping @Sendable (Success) -> Void = { _ in },
        finish: @escaping @Sendable (Result<Success, any Error>) -> Void
    ) {
        self.operation = operation
        self.limit = limit
        self.finish = finish
        self.late = late
    }

    /// Begins the work. Called once, outside every lock.
    ///
    /// - Parameter inherits: Whether the work sees the task-local values of the caller.
    func start(
        on clock: any TimerClock, inheriting inherits: Bool = false,
        _ work: @escaping @Sendable () async throws -> Success
    ) {
        if let limit {
            let due = clock.now.advanced(by: limit)
            // Whoever abandons it from here on finds the request, and the timer is not kept.
            let change = state.withLock { state in state.isOver ? nil : state.timer.request(at: due) }
            guard let change else { return }
            clock.perform(change) { [self] in
                expire($0)
            } keep: { timer, request in
                state.withLock { $0.timer.keep(timer, for: request) }
            }
        }
        // Abandoned, or its limit has passed at once: nobody wants what it would give.
        if state.withLock({ $0.isOver }) { return }
        let run: @Sendable () async -> Void = { [self] in
            let result: Result<Success, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            complete(result)
        }
        // It belongs to no caller: the limit and `cancel` end it.
        let task = inherits ? Task(name: operation) { await run() } : Task.detached(name: operation) { await run() }
        let isCancelled = state.withLock { state in
            if !state.isOver { state.task = task }
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Cancels the work; what it gives then still goes to `finish`.
    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    /// Cancels the work and asks for nothing any more.
    ///
    /// - Returns: Whether `finish` had not been called, and will not be.
    @discardableResult
    func abandon() -> Bool {
        let (change, task) = state.withLock { state -> (PendingTimer.Change?, Task<Void, Never>?) in
            guard !state.isOver else { return (nil, nil) }
            return (state.timer.withdraw(), state.end())
        }
        change?.cancelStale()
        task?.cancel()
        return change != nil
    }

    private func complete(_ result: Result<Success, any Error>) {
        let change = state.withLock { state -> PendingTimer.Change? in
            guard !state.isOver else { return nil }
            state.isOver = true
            state.task = nil
            return state.timer.withdraw()
        }
        guard let change else {
            if case .success(let value) = result { late(value) }
            return
        }
        change.cancelStale()
        finish(result)
    }

    private func expire(_ request: PendingTimer.Request) {
        let (isMine, task) = state.withLock { state -> (Bool, Task<Void, Never>?) in
            guard state.timer.fire(request), !state.isOver else { return (false, nil) }
            return (true, state.end())
        }
        guard isMine, let limit else { return }
        // Cancellation handlers are foreign code, which must not hold up the clock's thread.
        if let task { CancellationThreads.shared.run { task.cancel() } }
        finish(.failure(TimeoutError(limit: limit, operation: operation)))
    }
}
