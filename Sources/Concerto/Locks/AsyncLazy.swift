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
    private let run = Guarded<Run?>(nil)

    private struct Run: Sendable {
        let number: UInt64
        let task: TaskHandle<Value>
    }

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
    public var isStarted: Bool { run.withLock { run in run.map { !isForgotten($0.task) } ?? false } }

    /// The value, if it has been made.
    public var valueIfMade: Value? { try? run.withLock { $0 }?.task.result?.get() }

    /// Who waits for the run of the factory that goes on, or was the last one.
    public var statistics: WaitStatistics {
        run.withLock { $0 }?.task.state.withLock { $0.waiters.statistics }
            ?? WaitStatistics(waiters: 0, waits: 0, longestWait: .zero)
    }

    /// The value; made if nobody has asked before.
    ///
    /// - Throws: What the factory throws; `CancellationError` if the wait was cancelled; ``RecursionError``.
    nonisolated(nonsending)
        public func value(cancellation: CancellationToken = .none) async throws -> Value
    {
        if let run = run.withLock({ $0 }) {
            // First: a task that the factory left behind may ask once its run is over.
            if run.task.isCompleted {
                if !isForgotten(run.task) { return try await run.task.value }
            } else if LazyRecursion.running.contains(run.number) {
                throw RecursionError()
            }
        }
        return try await start().wait(cancellation: cancellation)
    }

    private func start() -> TaskHandle<Value> {
        let (started, dropped) = run.withLock { run -> (TaskHandle<Value>, Run?) in
            // Whoever asks next forgets a failure. A callback at the end of the task would come after its waiters, who
            // would be handed the old failure again, or, if the factory fails at once, inside this very lock.
            if let run, !isForgotten(run.task) { return (run.task, nil) }
            let number = LazyRecursion.nextNumber()
            let running = LazyRecursion.running.union([number])
            let started = Task.run(name: "AsyncLazy") { [factory] in
                try await LazyRecursion.$running.withValue(running) { try await factory() }
            }
            defer { run = Run(number: number, task: started) }
            return (started, run)
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
    private static let lastNumber = Atomic<UInt64>(0)

    /// The runs of factories around the running code. By number: a task that a run left behind keeps this value, and what
    /// is made later may have the address of what is gone.
    @TaskLocal static var running: Set<UInt64> = []

    static func nextNumber() -> UInt64 { lastNumber.add(1, ordering: .relaxed).newValue }
}
