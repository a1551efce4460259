#if Lint
import SwiftSyntax

struct UnstructuredAwait: MemberRule {
    static let words = ["Task", "await"]
    static let page = RulePage(
        id: "unstructured-await",
        summary: "`await Task { … }.value`: cancelling the caller does not cancel the work.",
        severity: .warning,
        quietInTests: true,
        why: """
            The new task is no child. When the caller is cancelled it goes on waiting, and the work goes on working; when the caller's \
            priority changes, nothing follows.
            """,
        instead: """
            Call the work directly, `async let`, or `withTaskCancellationHandler` around the wait. Where cutting cancellation off is the \
            point, `withTaskCancellationShield` says so.
            """,
        limits: "A comment next to the task that speaks of cancellation or a shield is taken for intent.",
        reported: [
            .init(
                "detached, at a priority of its own",
                """
                func f() async throws -> Int { try await ↓Task.detached(priority: .high) { try await load(1) }.value }
                """),
            .init("at once", "func f() async -> Int { await ↓Task { 1 }.value }"),
            .init(
                "detached",
                """
                func f() async throws -> Int { try await ↓Task.detached { try await compute() }.value }
                """),
            .init(
                "its result",
                """
                func f() async {
                    let r = await ↓Task { try await load(1) }.result
                    use(r)
                }
                """),
            .init(
                "through a variable",
                """
                func f() async -> Int {
                    let t = ↓Task { await load(1) }
                    return await t.value
                }
                """),
            .init("in a closure", "func f() { run { await ↓Task { await work() }.value } }"),
            .init("with a type", "func f() async { await ↓Task<Void, Never> { await work() }.value }"),
        ],
        clean: [
            .init(
                "cleanup that a cancelled task must do as well",
                "func f() async { await work(); await Task { try? await releaseLock() }.value }"),
            .init("the main program, which nobody cancels", "await Task { await Tool.main() }.value"),
            .init(
                "work that never suspends", "func f(_ d: Data) async -> Int { await Task.detached { parse(d) }.value }"),
            .init(
                "only yields",
                "func f() async { await Task.detached(priority: .background) { await Task.yield() }.value }"),
            .init(
                "a comment behind the brace",
                """
                func f() async { // must not be cancelled halfway
                    await Task { await work() }.value
                }
                """),
            .init(
                "computes elsewhere, at a priority of its own",
                """
                func f() async throws -> Image {
                    try await Task.detached(priority: .userInitiated) { try decode() }.value
                }
                """),
            .init(
                "a function that says so",
                """
                func withoutCancellation(_ run: @escaping () async -> Int) async -> Int {
                    let t = Task { await run() }
                    return await t.value
                }
                """),
            .init(
                "forwards cancellation",
                """
                func f() async -> Int {
                    let t = Task { await load(1) }
                    return await withTaskCancellationHandler {
                        await t.value
                    } onCancel: {
                        t.cancel()
                    }
                }
                """),
            .init(
                "a child",
                """
                func f() async -> Int {
                    async let a = load(1)
                    return await a
                }
                """),
            .init(
                "kept elsewhere too",
                """
                func f() async -> Int {
                    let t = Task { await load(1) }
                    table[1] = t
                    return await t.value
                }
                """),
            .init("a task of somebody else", "func f(_ t: Task<Int, Never>) async -> Int { await t.value }"),
            .init("a stored task", "func f() async { await self.task.value }"),
            .init(
                "a shield, and says so",
                """
                func f() async {
                    // Shielded: the record must be written even when the caller is cancelled.
                    await Task { await write() }.value
                }
                """),
            .init(
                "cancels it later",
                """
                func f() async {
                    let t = Task { await load(1) }
                    t.cancel()
                    await t.value
                }
                """),
            .init(
                "several at once",
                """
                func f() async {
                    let a = Task { await load(1) }
                    let b = Task { await load(2) }
                    await a.value
                    await b.value
                }
                """),
        ])

    func check(_ access: MemberAccessExprSyntax, in file: FileContext) {
        guard ["value", "result"].contains(access.declName.baseName.text), let base = access.base,
            file.isCoveredByAwait(access)
        else { return }
        if let call = Call(base.core), let spawn = file.spawn(call) {
            report(spawn, at: Syntax(call.node), in: file)
        } else if let name = base.identifier {
            check(name, access, in: file)
        }
    }

    /// `let t = Task { … }` whose only use is one `await t.value` in the same code.
    private func check(_ name: String, _ access: MemberAccessExprSyntax, in file: FileContext) {
        guard let binding = file.types.localDeclaration(of: name, at: Syntax(access))?.as(PatternBindingSyntax.self),
            let value = binding.initializer?.value, let call = Call(value.core), call.node.id == value.id,
            let spawn = file.spawn(call), let list = binding.ancestor(CodeBlockItemListSyntax.self),
            file.code(of: binding).node.id == file.code(of: access).node.id, Loop.enclosing(access) == nil
        else { return }
        var uses = 0
        var otherTasks = 0
        list.traverse { node in
            if node.as(DeclReferenceExprSyntax.self)?.baseName.plainText == name { uses += 1 }
            if node.id != spawn.call.node.id, !node.isInside(spawn.call.node),
                let other = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), file.spawn(other) != nil
            {
                otherTasks += 1
            }
            return .into
        }
        // Two tasks side by side are there to run at the same time.
        guard uses == 1, otherTasks == 0 else { return }
        // What stands between start and wait runs beside the task: also a reason.
        guard let item = binding.ancestor(CodeBlockItemSyntax.self),
            let wait = access.ancestor(CodeBlockItemSyntax.self)
        else { return }
        let items = Array(list)
        guard let first = items.firstIndex(where: { $0.id == item.id }),
            let last = items.firstIndex(where: { $0.id == wait.id }),
            last == first + 1
        else { return }
        report(spawn, at: Syntax(spawn.call.node), in: file)
    }

    private static func yields(_ node: Syntax) -> Bool {
        guard let call = (node.as(AwaitExprSyntax.self)?.expression.core).flatMap({ Call($0) }) else { return false }
        return call.baseName == "Task" && call.name == "yield"
    }

    private func report(_ spawn: TaskSpawn, at node: Syntax, in file: FileContext) {
        guard !file.speaksOfCancellation(node), file.code(of: node).kind != .topLevel else { return }
        // Cleanup that must run in a cancelled task too belongs in a task of its own.
        if let body = spawn.body, let only = body.singleStatement?.item.as(ExprSyntax.self), let call = Call(only.core),
            call.endsWork
                || ["release", "rollback", "clean", "remove", "delete", "unlock", "disconnect", "abort"]
                    .contains(where: { call.name.lowercased().contains($0) })
        {
            return
        }
        // Work that never suspends, or only yields, moved off the caller: there is nothing a cancellation could reach.
        if spawn.form == .detached, let body = spawn.body,
            !body.statements.hasOwnLevel({ $0.isSuspension && !Self.yields($0) })
        {
            return
        }
        file.report(
            Self.self, at: node,
            "cancelling the caller does not cancel this task; call the work directly, or use 'async let'")
    }
}
#endif
