/// A value that may already be there, or a task that will bring it: for functions that mostly answer from a cache.
///
/// - Allocates: nothing for a value or an error; a task is only referred to.
///
/// Unlike .NET's it may be awaited any number of times.
public struct ValueTask<Success: Sendable>: Awaitable {
    @usableFromInline
    enum Storage: Sendable {
        case value(Success)
        case error(any Error)
        case task(TaskHandle<Success>)
    }

    @usableFromInline let storage: Storage

    @inlinable
    init(storage: Storage) { self.storage = storage }

    /// A value that is already there.
    @inlinable
    public init(_ value: Success) { storage = .value(value) }

    /// A task that will bring the value.
    @inlinable
    public init(task: TaskHandle<Success>) { storage = .task(task) }

    /// A value that is already there.
    @inlinable
    public static func completed(_ value: Success) -> ValueTask { ValueTask(value) }

    /// A failure that is already known.
    @inlinable
    public static func failed(_ error: any Error) -> ValueTask { ValueTask(storage: .error(error)) }

    /// A cancellation that is already known.
    @inlinable
    public static var cancelled: ValueTask { ValueTask(storage: .error(CancellationError())) }

    /// Whether the value, or the error, is there.
    @inlinable
    public var isCompleted: Bool {
        guard case .task(let task) = storage else { return true }
        return task.isCompleted
    }

    /// The value; at once if it is there.
    ///
    /// - Throws: What the task throws.
    @inlinable
    nonisolated(nonsending) public var value: Success {
        get async throws {
            switch storage {
            case .value(let value): return value
            case .error(let error): throw error
            case .task(let task): return try await task.value
            }
        }
    }

    /// Waits for the end and returns how it was.
    @inlinable
    nonisolated(nonsending) public var outcome: Result<Success, any Error> {
        get async {
            switch storage {
            case .value(let value): return .success(value)
            case .error(let error): return .failure(error)
            case .task(let task): return await task.outcome
            }
        }
    }

    /// The task it refers to, or a completed one that is made for the occasion.
    public var handle: TaskHandle<Success> {
        switch storage {
        case .value(let value): return .completed(value)
        case .error(let error):
            let handle = TaskHandle<Success>.failed(error)
            handle.markObserved()
            return handle
        case .task(let task): return task
        }
    }

    /// Asks the task to stop; a value that is there stays.
    public func cancel() {
        if case .task(let task) = storage { task.cancel() }
    }
}

extension ValueTask where Success == Void {
    /// Done already.
    @inlinable
    public static var completed: ValueTask { ValueTask(()) }
}

extension TaskHandle {
    /// A task that has ended with `value`.
    public static func completed(_ value: Success) -> TaskHandle { TaskHandle(outcome: .success(value)) }

    /// A task that has failed with `error`.
    public static func failed(_ error: any Error) -> TaskHandle { TaskHandle(outcome: .failure(error)) }

    /// A task that has ended by cancellation.
    public static var cancelled: TaskHandle { TaskHandle(outcome: .failure(CancellationError())) }
}

extension TaskHandle where Success == Void {
    /// A task that has ended.
    public static var completed: TaskHandle { TaskHandle(outcome: .success(())) }
}
