import ConcertoRuntime
import Synchronization

extension TaskHandle {
    /// Creates a task that waits for ``start(on:priority:)``.
    public convenience init(
        name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line,
        _ operation: sending @escaping () async throws -> Success
    ) {
        self.init(promiseNamed: name, status: .created, fileID: fileID, line: line)
        let body = TaskBody(operation)
        state.withLock { $0.body = body }
    }

    /// Starts a task that was created without being started.
    ///
    /// - Throws: ``TaskAlreadyStartedError`` if it has been started, or cancelled before it was.
    public func start(on executor: (any TaskExecutor)? = nil, priority: TaskPriority? = nil) throws {
        let created = TaskStatus.created.rawValue
        guard
            phase.compareExchange(
                expected: created, desired: TaskStatus.waiting.rawValue, ordering: .acquiringAndReleasing
            ).exchanged
        else { throw TaskAlreadyStartedError(task: metadata.description) }
        launch(on: executor, priority: priority)
    }

    /// Gives the body to an executor.
    func launch(on executor: (any TaskExecutor)?, priority: TaskPriority?) {
        let task = Task<Void, Never>(name: name, executorPreference: executor, priority: priority) {
            guard let body = self.takeBody() else { return }
            let outcome: Result<Success, any Error>
            do { outcome = .success(try await body.operation()) } catch { outcome = .failure(error) }
            self.complete(outcome)
        }
        setCanceller { task.cancel() }
    }

    /// The body, for the one who runs it; `nil` if the task was cancelled before it could start.
    private func takeBody() -> TaskBody<Success>? {
        state.withLock { state in
            guard !isCompleted, let body = state.body else { return nil }
            state.body = nil
            phase.store(TaskStatus.running.rawValue, ordering: .releasing)
            return body
        }
    }

    /// Cancels the task when the token is; its registration goes when the task ends.
    func cancel(with token: CancellationToken) {
        guard token.canBeCancelled else { return }
        let registration = token.register { [weak self] in self?.cancel() }
        let late = state.withLock { state in
            guard !isCompleted else { return true }
            state.registration = registration
            return false
        }
        if late { registration.unregister() }
    }
}

/// The body of a task, on its way to who runs it.
struct TaskBody<Success>: @unchecked Sendable {
    // Sendable: nobody else has what `operation` captured, which was sent here, and whoever takes the body out of the state
    // of its task, under the lock, is the only one to call it.
    let operation: () async throws -> Success

    init(_ operation: sending @escaping () async throws -> Success) { self.operation = operation }
}

/// `start` was called on a task that is past it.
public struct TaskAlreadyStartedError: Error, CustomStringConvertible {
    /// Which task.
    public let task: String

    /// What happened and what to do.
    public var description: String {
        "\(task) has been started or cancelled before, or is completed by hand: start a task once, and only one with a body"
    }
}

extension Task where Success == Never, Failure == Never {
    /// Starts `operation` on a pool and returns its handle: for work that keeps a processor busy, or that must not be
    /// tied to the lifetime of its caller.
    ///
    /// - Cancellation: `cancellation` cancels the task; if it is cancelled already, the body never runs. Cancelling
    ///   the task that calls this has no effect on the new one.
    /// - Where it runs: on `executor`, by default the process's (Concerto's pool, where it is installed); never on the
    ///   caller's actor or context. Task-local values flow in.
    /// - Allocates: the handle and Swift's task.
    /// - Parameters:
    ///   - executor: Where to run; `nil` is the process's executor.
    ///   - name: For diagnostics; also the name of Swift's task.
    ///   - priority: `nil` is the caller's.
    ///   - cancellation: Cancels the task.
    ///   - fileID: Where it was created; leave it alone.
    ///   - line: As `fileID`.
    ///   - operation: The body; what it captures need not be `Sendable` if nobody else uses it. `CancellationError` from it makes the task `cancelled`, any other error `failed`.
    public static func run<Value: Sendable>(
        on executor: (any TaskExecutor)? = nil, name: String? = nil, priority: TaskPriority? = nil,
        cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
        _ operation: sending @escaping () async throws -> Value
    ) -> TaskHandle<Value> {
        let handle = TaskHandle<Value>(promiseNamed: name, fileID: fileID, line: line)
        if cancellation.isCancellationRequested {
            handle.complete(.failure(_Concurrency.CancellationError()))
            return handle
        }
        let body = TaskBody(operation)
        guard cancellation.canBeCancelled else {
            handle.state.withLock { $0.body = body }
            handle.launch(on: executor, priority: priority)
            return handle
        }
        let bound = TaskBody { try await CancellationToken.binding(cancellation) { try await body.operation() } }
        handle.state.withLock { $0.body = bound }
        handle.cancel(with: cancellation)
        handle.launch(on: executor, priority: priority)
        return handle
    }
}
