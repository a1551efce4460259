#if DEBUG
/// What tells one flow of control from another where a scope runs its body in a task of its own; in debug builds only.
enum FlowIdentity {
    @TaskLocal private static var adopted: (task: UInt64, flow: UInt64)?

    private static var task: UInt64 { withUnsafeCurrentTask { $0?.number ?? 0 } }

    /// The number of the task that the flow began in; 0 outside of tasks.
    static var current: UInt64 {
        let task = task
        guard let adopted, adopted.task == task else { return task }
        return adopted.flow
    }

    /// Runs `body`, in a task that `flow` waits for, as a part of it.
    nonisolated(nonsending)
        static func adopting(_ flow: UInt64, _ body: nonisolated(nonsending) () async -> Void) async
    {
        await $adopted.binding((task, flow), body)
    }
}
#endif
