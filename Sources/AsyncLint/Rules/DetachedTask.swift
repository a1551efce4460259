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
        limits: """
            A call that says its `priority:`, or where it runs, has thought about it; so has one that keeps its task, or computes \
            something away from the actor.
            """,
        reported: [
            .init(
                "awaits first",
                """
                @MainActor final class Model {
                    func go() { ↓Task.detached { [weak self] in await self?.load() } }
                    func load() async {}
                }
                """),
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
            .init("back to the main actor", "func f() { task = ↓Task.detached { await MainActor.run { show() } } }"),
            .init("awaited", "func f() async { await ↓Task.detached { await work() }.value }"),
            .init("immediate", "func f() { ↓Task.immediateDetached { await work() } }"),
            .init("named", "func f() { ↓Task.detached(name: \"work\") { await work() } }"),
        ],
        clean: [
            .init(
                "a comment inside says that it is the point",
                """
                func demo() async {
                    await Task.detached {
                        // A detached task does not inherit task-locals, so this span has no parent.
                        await startSpan()
                    }.value
                }
                """),
            .init(
                "computes, then goes back to the main actor",
                """
                @MainActor final class Model {
                    func go(_ d: Data) {
                        Task.detached {
                            let image = decode(d)
                            await MainActor.run { self.image = image }
                        }
                    }
                }
                """),
            .init(
                "waits for work that never suspends",
                "func f(_ d: Data) async -> Int { await Task.detached { parse(d) }.value }"),
            .init("kept by its owner", "func f() { task = Task.detached { await work() } }"),
            .init(
                "computes away from the actor",
                """
                func f() {
                    Task.detached {
                        let hash = compute()
                        await store(hash)
                    }
                }
                """),
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

    /// Words of a comment that says why a task is detached.
    private static let reasons = [
        "detach", "inherit", "task-local", "tasklocal", "task local", "priority", "cancel", "shield", "outlive",
        "off the main", "main thread", "main actor", "mainactor", "on purpose", "deliberate", "intentional",
        "independent",
    ]

    func check(_ call: Call, in file: FileContext) {
        guard let spawn = file.spawn(call), spawn.form == .detached || spawn.form == .immediateDetached else { return }
        if call.argument("priority") != nil || call.argument("executorPreference") != nil { return }
        if file.says(Self.reasons, around: call.node) { return }
        guard let body = spawn.body, gainsNothing(spawn, body, in: file) else { return }
        file.report(
            Self.self, at: call.node,
            "a detached task loses its caller's priority, task-local values and actor; use 'Task' unless that is the point",
            fixes: [
                Fix(
                    title: "make it an ordinary task", safety: .suggestion,
                    edits: [file.replace(call.nameToken, by: spawn.form == .detached ? "init" : "immediate")])
            ])
    }

    /// Whether an ordinary task does the same: the caller waits for it, it goes straight back to the actor it left, or it is
    /// dropped and does nothing but await, so that there is no work to keep off the actor.
    private func gainsNothing(_ spawn: TaskSpawn, _ body: ClosureExprSyntax, in file: FileContext) -> Bool {
        // Work of its own before the first `await` is kept off an actor, and that is a reason.
        let work = body.statements.filter { item in
            guard let statement = item.item.as(GuardStmtSyntax.self) else { return true }
            return !statement.conditions.mentions("self")
        }
        guard let first = work.first, first.hasOwnLevel({ $0.isSuspension }) else { return false }
        if let access = spawn.call.node.parent?.as(MemberAccessExprSyntax.self),
            ["value", "result"].contains(access.declName.baseName.text)
        {
            return true
        }
        if first.mentions("MainActor") { return true }
        let type = file.enclosingTypeName(of: spawn.call.node).flatMap { file.symbols.types[$0] }
        if let type, type.isolation == .instance || type.isolation == .globalActor("MainActor") {
            return body.mentions(Set(type.functions.keys).union(["self"]))
        }
        guard file.use(of: spawn.call.node) == .dropped else { return false }
        return body.statements.allSatisfy { item in item.hasOwnLevel { $0.isSuspension } }
    }
}
#endif
