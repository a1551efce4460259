#if Lint
import SwiftSyntax

struct DetachedTask: CallRule {
    static let words = ["Task", "etached"]
    static let page = RulePage(
        id: "detached-task",
        summary: "`Task.detached` where `Task` would do.",
        severity: .info,
        quietInTests: true,
        needsAsync: false,
        why: """
            A detached task leaves behind its caller's priority, task-local values (so the trace, the logger's metadata, the deadline) \
            and actor. Few that use it want all three. Work that should leave the actor needs only a nonisolated or `@concurrent` \
            function.
            """,
        instead: "`Task { … }`, or `async let` and task groups where the caller waits.",
        limits: "A call that says its `priority:`, or where it runs, has thought about it.",
        reported: [
            .init(
                "back to its own actor",
                """
                actor A {
                    var n = 0
                    func go() { ↓Task.detached { await self.inc() } }
                    func inc() { n += 1 }
                }
                """),
            .init("in a function", "func f() { ↓Task.detached { await work() } }"),
            .init("kept", "func f() { task = ↓Task.detached { await work() } }"),
            .init("awaited", "func f() async { await ↓Task.detached { await work() }.value }"),
            .init("immediate", "func f() { ↓Task.immediateDetached { await work() } }"),
            .init("named", "func f() { ↓Task.detached(name: \"work\") { await work() } }"),
        ],
        clean: [
            .init("an ordinary task", "func f() { Task { await work() } }"),
            .init("says its priority", "func f() { Task.detached(priority: .background) { await work() } }"),
            .init("says where it runs", "func f() { Task.detached(executorPreference: pool) { await work() } }"),
            .init("another type's", "func f() { Thread.detached { run() } }"),
            .init(
                "a task of the files' own",
                """
                struct Task { static func detached(_ f: () -> Void) {} }
                func f() { Task.detached { run() } }
                """),
            .init("a property", "func f() { print(view.detached) }"),
        ])

    func check(_ call: Call, in file: FileContext) {
        guard let spawn = file.spawn(call), spawn.form == .detached || spawn.form == .immediateDetached else { return }
        if call.argument("priority") != nil || call.argument("executorPreference") != nil { return }
        file.report(
            Self.self, at: call.node,
            "a detached task loses its caller's priority, task-local values and actor; use 'Task' unless that is the point",
            fixes: [
                Fix(
                    title: "make it an ordinary task", safety: .suggestion,
                    edits: [file.replace(call.nameToken, by: spawn.form == .detached ? "init" : "immediate")])
            ])
    }
}
#endif
