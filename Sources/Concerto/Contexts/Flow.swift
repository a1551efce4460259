/// What the running flow of control holds.
///
/// It travels in a task-local value, but a task-local is also copied into tasks that live on their own (`Task {}`), which
/// do not keep their creator's locks held. So a flow names the task it belongs to and counts nowhere else; scopes that run
/// their body in another task and wait for it (`runBlocking`, `withDeadline`, shields) adopt it there.
struct Flow: Sendable {
    @TaskLocal private static var bound: Flow?

    let task: Int
    let holdings: [WaitGraph.Holding]

    private static var taskID: Int { withUnsafeCurrentTask { $0?.hashValue ?? 0 } }

    /// The flow of the running task; empty if it holds nothing that we know of.
    static var current: Flow {
        guard WaitGraph.isActive else { return Flow(task: 0, holdings: []) }
        let task = taskID
        guard let bound, bound.task == task else { return Flow(task: task, holdings: []) }
        return bound
    }

    /// Runs `body`, in a task that somebody else waits for, as a part of `flow`.
    nonisolated(nonsending)
        static func adopting<Success>(
            _ flow: Flow, _ body: nonisolated(nonsending) () async throws -> Success
        ) async rethrows -> Success
    {
        guard !flow.holdings.isEmpty else { return try await body() }
        return try await $bound.binding(Flow(task: taskID, holdings: flow.holdings), body)
    }

    /// Runs `body` with one thing more held.
    nonisolated(nonsending)
        static func holding<Success>(
            _ holding: WaitGraph.Holding, _ body: nonisolated(nonsending) () async throws -> Success
        ) async rethrows -> Success
    {
        WaitGraph.hold(holding)
        defer { WaitGraph.release(holding) }
        let flow = Flow(task: taskID, holdings: current.holdings + [holding])
        return try await $bound.binding(flow, body)
    }
}
