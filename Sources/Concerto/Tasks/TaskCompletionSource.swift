import Synchronization

/// A task that is completed by hand: the bridge from callbacks, and the promise behind a future.
///
/// ```swift
/// let source = TaskCompletionSource<Response>()
/// connection.onReply { source.trySetResult($0) }
/// let response = try await source.task.value
/// ```
///
/// - Cancellation: ``TaskHandle/cancel()`` on the task calls the `onCancel` given here; without one the task ends as
///   cancelled at once.
/// - Where it runs: awaiters never run inside a `set` call.
/// - Ordering: of several racing calls exactly one wins; when a losing call returns, the final status is visible.
/// - Allocates: the source and its task.
public final class TaskCompletionSource<Success: Sendable>: Sendable {
    /// The task that this source completes.
    public let task: TaskHandle<Success>

    /// Creates a source whose task waits.
    ///
    /// - Parameters:
    ///   - name: For diagnostics.
    ///   - onCancel: What to do when somebody cancels the task; it should complete the source sooner or later.
    ///   - fileID: Where it was created; leave it alone.
    ///   - line: As `fileID`.
    public init(
        name: String? = nil, onCancel: (@Sendable () -> Void)? = nil, fileID: StaticString = #fileID,
        line: UInt = #line
    ) {
        let task = TaskHandle<Success>(promiseNamed: name, fileID: fileID, line: line)
        self.task = task
        task.setCanceller(
            onCancel ?? { [weak task] in
                _ = task?.complete(.failure(CancellationError()))
            })
    }

    /// Completes the task with a value, unless it has ended.
    ///
    /// - Returns: Whether this call is the one that ended it.
    @discardableResult
    public func trySetResult(_ value: Success) -> Bool { task.complete(.success(value)) }

    /// Fails the task, unless it has ended.
    ///
    /// - Returns: Whether this call is the one that ended it.
    @discardableResult
    public func trySetError(_ error: any Error) -> Bool { task.complete(.failure(error)) }

    /// Fails the task with several errors, unless it has ended; awaiting throws ``AggregateError`` with all of them,
    /// in the given order, or the error itself if it is the only one.
    ///
    /// - Returns: Whether this call is the one that ended it.
    /// - Throws: ``ArgumentError``, and the task goes on waiting, if `errors` is empty.
    @discardableResult
    public func trySetErrors(_ errors: [any Error]) throws(ArgumentError) -> Bool {
        guard let first = errors.first else {
            throw ArgumentError("errors", "empty", "a task fails with at least one error")
        }
        return task.complete(.failure(errors.count == 1 ? first : AggregateError(errors)))
    }

    /// Ends the task as cancelled, unless it has ended.
    ///
    /// - Returns: Whether this call is the one that ended it.
    @discardableResult
    public func trySetCancelled() -> Bool { task.complete(.failure(CancellationError())) }

    /// Completes the task with a value.
    ///
    /// - Throws: ``TaskAlreadyCompletedError``, and nothing changes, if it has ended.
    public func setResult(_ value: Success) throws(TaskAlreadyCompletedError) { try check(trySetResult(value)) }

    /// Fails the task.
    ///
    /// - Throws: ``TaskAlreadyCompletedError``, and nothing changes, if it has ended.
    public func setError(_ error: any Error) throws(TaskAlreadyCompletedError) { try check(trySetError(error)) }

    /// Fails the task with several errors; see ``trySetErrors(_:)``.
    ///
    /// - Throws: ``TaskAlreadyCompletedError``, and nothing changes, if it has ended; ``ArgumentError`` if `errors` is
    ///   empty.
    public func setErrors(_ errors: [any Error]) throws { try check(try trySetErrors(errors)) }

    /// Ends the task as cancelled.
    ///
    /// - Throws: ``TaskAlreadyCompletedError``, and nothing changes, if it has ended.
    public func setCancelled() throws(TaskAlreadyCompletedError) { try check(trySetCancelled()) }

    private func check(_ won: Bool) throws(TaskAlreadyCompletedError) {
        guard won else { throw TaskAlreadyCompletedError(task: task.metadata.description, status: task.status) }
    }
}

extension TaskCompletionSource where Success == Void {
    /// Completes the task, unless it has ended.
    ///
    /// - Returns: Whether this call is the one that ended it.
    @discardableResult
    public func trySetResult() -> Bool { trySetResult(()) }

    /// Completes the task.
    ///
    /// - Throws: ``TaskAlreadyCompletedError``, and nothing changes, if it has ended.
    public func setResult() throws(TaskAlreadyCompletedError) { try setResult(()) }
}

/// A task was completed a second time by somebody who insisted on being the first.
public struct TaskAlreadyCompletedError: Error, Hashable, CustomStringConvertible {
    /// Which task.
    public let task: String

    /// How it had ended.
    public let status: TaskStatus

    /// What happened and what to do.
    public var description: String {
        "\(task) has already ended (\(status)): use a trySet function where several may complete it"
    }
}
