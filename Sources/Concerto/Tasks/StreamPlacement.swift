/// Where the tasks of a stream run that continue the task which iterates over it.
@usableFromInline
package enum StreamPlacement {
    /// The task executor that the current task prefers: unstructured tasks do not inherit it by themselves.
    @usableFromInline
    package static var current: (any TaskExecutor)? { TaskPlacement.current }
}
