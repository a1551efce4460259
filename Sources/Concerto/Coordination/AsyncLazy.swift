import ConcertoRuntime
import Synchronization

/// A value that is made when somebody first asks for it, once, however many ask.
///
/// ```swift
/// let configuration = AsyncLazy { try await loadConfiguration() }
/// let limit = try await configuration.value().limit
/// ```
///
/// - Cancellation: of one caller ends its own wait and leaves the factory running for the others.
/// - Where it runs: the factory runs in a task of its own on the process's executor, with the task-local values of the
///   first caller. Callers resume on their own executor.
/// - Ordering: callers become runnable in the order in which they came.
/// - Allocates: a task for each run of the factory, one object for a wait.
///
/// A factory that asks its own `AsyncLazy` gets ``RecursionError`` instead of waiting for itself.
public final class AsyncLazy<Value: Sendable>: Sendable {
    /// What is done with a failure of the factory.
    public enum FailurePolicy: Sendable {
        /// The failure is the answer for everybody, for good.
        case cache
        /// Everybody who waited gets the failure; the next one to ask runs the factory again.
        case retry
    }

    /// The factory asked for the value that it is making.
    public struct RecursionError: Error, CustomStringConvertible {
        /// What happened.
        public var description: String { "the factory of an AsyncLazy asked for the value that it is making" }
    }

    private let factory: @Sendable () async throws -> Value
    private let policy: FailurePolicy
    private let task = Guarded<TaskHandle<Value>?>(nil)

    /// Creates a value that has not been made.
    ///
    /// - Parameters:
    ///   - onFailure: What is done with a failure of the factory.
    ///   - factory: Makes the value. If it throws `CancellationError`, that is a failure like any other.
    public init(onFailure: FailurePolicy = .cache, _ factory: @escaping @Sendable () async throws -> Value) {
        self.policy = onFailure
        self.factory = factory
    }

    /// Whether somebody has asked.
    public var isStarted: Bool { task.withLock { task in task.map { !isForgotten($0) } ?? false } }

    /// The value, if it has been made.
    public var valueIfMade: Value? { try? task.withLock { $0 }?.result?.get() }

    /// The value; made if nobody has asked before.
    ///
    /// - Throws: What the factory throws; `CancellationError` if the wait was cancelled; ``RecursionError``.
    nonisolated(nonsending)
        public func value(cancellation: CancellationToken = .none) async throws -> Value
    {
        // First: a task that the factory left behind may ask once the value is there.
        if let made = task.withLock({ $0 }), made.isCompleted, !isForgotten(made) { return try await made.value }
        if LazyRecursion.making.contains(ObjectIdentifier(self)) { throw RecursionError() }
        return try await start().wait(cancellation: cancellation)
    }

    private func start() -> TaskHandle<Value> {
        let (started, dropped) = task.withLock { task -> (TaskHandle<Value>, TaskHandle<Value>?) in
            // Whoever asks next forgets a failure. A callback at the end of the task would come after its waiters, who
            // would be handed the old failure again, or, if the factory fails at once, inside this very lock.
            if let task, !isForgotten(task) { return (task, nil) }
            let making = LazyRecursion.making.union([ObjectIdentifier(self)])
            let started = Task.run(name: "AsyncLazy") { [factory] in
                try await LazyRecursion.$making.withValue(making) { try await factory() }
            }
            defer { task = started }
            return (started, task)
        }
        // Released here: it may report an error that nobody asked for, and that is foreign code.
        _ = consume dropped
        return started
    }

    /// Whether the factory has to run again.
    private func isForgotten(_ task: TaskHandle<Value>) -> Bool {
        policy == .retry && task.isCompleted && task.status != .succeeded
    }
}

private enum LazyRecursion {
    /// The values that are being made around the running code.
    @TaskLocal static var making: Set<ObjectIdentifier> = []
}
