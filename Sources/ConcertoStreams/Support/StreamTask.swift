import Concerto
import ConcertoRuntime

/// Starts the tasks of streams where the task that iterates would run them.
@usableFromInline
enum StreamTask {
    /// Starts a task that prefers `placement`, if there is one.
    ///
    /// Even a preference for nothing is a record in the task, which each of its hops would look for under the lock of the
    /// task's status: a third of what an element costs.
    @inlinable
    static func start(
        on placement: (any TaskExecutor)?, _ body: @escaping @Sendable () async -> Void
    ) -> Task<Void, Never> {
        guard let placement else { return Task(operation: body) }
        return Task(executorPreference: placement, operation: body)
    }
}

extension TaskGroup<Void> {
    /// Adds a task as ``StreamTask/start(on:_:)`` starts one.
    @inlinable
    mutating func addTask(on placement: (any TaskExecutor)?, _ body: @escaping @Sendable () async -> Void) {
        if let placement { addTask(executorPreference: placement, operation: body) } else { addTask(operation: body) }
    }
}
