/// Where tasks that Concerto starts on behalf of its caller run.
@usableFromInline
enum TaskPlacement {
    /// The task executor that the current task prefers, for bodies that continue their caller; unstructured tasks do
    /// not inherit it by themselves.
    static var current: (any TaskExecutor)? {
        guard #available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *) else { return nil }
        return withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
    }

    /// Where children run that are meant to run at the same time: the caller's task executor, but the process's own if
    /// that is a context, on which they would run one after the other. `nil` if the caller prefers none.
    ///
    /// The caller's is named, though it should be inherited: in optimised code `addTask(executorPreference: nil)` of Swift
    /// 6.3 makes a child that inherits nothing.
    @usableFromInline
    static var ofChildren: (any TaskExecutor)? {
        guard let current else { return nil }
        return current is any SerialExecutor ? globalConcurrentExecutor : current
    }
}
