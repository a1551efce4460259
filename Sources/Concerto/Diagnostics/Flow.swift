/// What the running flow of control holds.
///
/// It travels in a task-local value, but a task-local is also copied into tasks that live on their own (`Task {}`), which
/// do not keep their creator's locks held. So a flow names the task it belongs to and counts nowhere else; scopes that run
/// their body in another task and wait for it (`runBlocking`, `withDeadline`, shields) adopt it there.
struct Flow: Sendable {
    @TaskLocal private static var bound: Flow?

    let task: UInt64
    let holdings: [WaitGraph.Holding]
    /// Whose flow it is: the task it began in; `nil` while the graph is not active.
    let party: WaitGraph.Party?

    /// Who waits and holds in this flow.
    var owner: WaitGraph.Party { party ?? .current }

    private static var taskID: UInt64 { withUnsafeCurrentTask { $0?.number ?? 0 } }

    /// The flow of the running task; empty if it holds nothing that we know of.
    static var current: Flow {
        guard WaitGraph.isActive else { return Flow(task: 0, holdings: [], party: nil) }
        let task = taskID
        guard let bound, bound.task == task else { return Flow(task: task, holdings: [], party: .current) }
        return bound
    }

    /// The flow that blocks at `site`: the running task's, or that of a thread without one.
    static func blocking(at site: WaitGraph.Site) -> Flow {
        if withUnsafeCurrentTask(body: { $0 != nil }) { return current }
        return Flow(task: 0, holdings: [], party: .thread(site))
    }

    /// Runs `body`, in a task that somebody else waits for, as a part of `flow`.
    nonisolated(nonsending)
        static func adopting<Success>(
            _ flow: Flow, _ body: nonisolated(nonsending) () async throws -> Success
        ) async rethrows -> Success
    {
        guard flow.party != nil else { return try await body() }
        return try await $bound.binding(Flow(task: taskID, holdings: flow.holdings, party: flow.party), body)
    }

    /// Runs `body` with `resource`, or `count` units of it, held by the flow of the running task since `site`.
    nonisolated(nonsending)
        static func holding<Success>(
            _ resource: AnyObject, _ label: WaitGraph.Label, count: Int? = nil, since site: WaitGraph.Site,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async rethrows -> Success
    {
        let current = current
        let holding = WaitGraph.Holding(
            resource: ObjectIdentifier(resource), label: label, count: count, party: current.owner, site: site)
        WaitGraph.hold(holding)
        defer { WaitGraph.release(holding) }
        let flow = Flow(task: taskID, holdings: current.holdings + [holding], party: holding.party)
        return try await $bound.binding(flow, body)
    }
}
