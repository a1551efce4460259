#if Lint
extension TaskInTask {
    static let page = RulePage(
        id: "task-in-task",
        summary: "A task that does nothing but start another: whoever awaits it gets the other, not its result.",
        severity: .warning,
        needsAsync: false,
        why: """
            The outer task ends as soon as the inner has been started. Awaiting it, cancelling it, or counting it as a \
            child of its group says nothing about the work: `group.addTask { Task { await work() } }` is a group that \
            waits for nothing.
            """,
        instead: """
            Take one of the two away: `group.addTask { await work() }`.
            """,
        limits: """
            Only a closure whose one statement is the inner task.
            """,
        reported: [
            .init(
                "a child that escapes its group",
                """
                func f() async {
                    await withTaskGroup(of: Void.self) { g in
                        g.addTask { ↓Task { await work() } }
                    }
                }
                """),
            .init("a kept task", "func f() { t = Task { ↓Task { await work() } } }"),
            .init("dropped", "func f() { Task { ↓Task { await work() } } }"),
            .init("detached in a task", "func f() { t = Task { ↓Task.detached { await work() } } }"),
            .init("`async let`", "func f() async { async let t = ↓Task { await work() }; _ = await t }"),
            .init("on the main actor", "func f() { Task { @MainActor in ↓Task { await work() } } }"),
        ],
        clean: [
            .init("one task", "func f() { Task { await work() } }"),
            .init("work before it", "func f() { Task { prepare(); Task { await work() } } }"),
            .init("the inner one is awaited", "func f() { Task { await Task { await work() }.value } }"),
            .init("two of them", "func f() { Task { Task { await a() }; Task { await b() } } }"),
            .init("stored", "func f() { Task { inner = Task { await work() } } }"),
            .init("in a callback", "func f() { observe { Task { await work() } } }"),
        ])
}
#endif
