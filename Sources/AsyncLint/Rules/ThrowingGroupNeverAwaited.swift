#if Lint
import SwiftSyntax

struct ThrowingGroupNeverAwaited: CallRule {
    static let words = ["withThrowingTaskGroup"]
    static let page = RulePage(
        id: "throwing-group-never-awaited",
        summary: "A throwing task group whose children nobody awaits: every error is lost.",
        severity: .error,
        why: """
            A group waits for its children when its body ends, and throws away what they threw. Only `next()`, `waitForAll()` and \
            iterating hand out errors. So `withThrowingTaskGroup { group in … group.addTask { try await save(x) } }` succeeds when \
            every save failed.
            """,
        instead: """
            `try await group.waitForAll()` at the end of the body, iterate over the group, or use `withThrowingDiscardingTaskGroup`, \
            which passes errors on by itself.
            """,
        limits: """
            A child in the background of a body that awaits work of its own and returns its result, or calls `cancelAll()`, is meant. \
            A group that is passed on may be awaited elsewhere.
            """,
        reported: [
            .init(
                "one child for each element",
                """
                func f(_ xs: [Int]) async throws {
                  await ↓withThrowingTaskGroup(of: Void.self) { group in
                    for x in xs { group.addTask { try await save(x) } }
                  }
                }
                """),
            .init(
                "with `try`",
                """
                func f() async throws {
                    try await ↓withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await save(1) }
                    }
                }
                """),
            .init(
                "awaits something first",
                """
                func f(_ xs: [Int]) async throws {
                  try await ↓withThrowingTaskGroup(of: Void.self) { g in
                    try await prepare()
                    for x in xs { g.addTask { try await save(x) } }
                  }
                }
                """),
            .init(
                "without a name",
                """
                func f() async throws {
                    try await ↓withThrowingTaskGroup(of: Void.self) {
                        $0.addTask { try await save(1) }
                    }
                }
                """),
            .init(
                "`forEach`",
                """
                func f(_ xs: [Int]) async throws {
                    try await ↓withThrowingTaskGroup(of: Void.self) { g in
                        xs.forEach { x in g.addTask { try await save(x) } }
                    }
                }
                """),
            .init(
                "only asks whether it is empty",
                """
                func f() async throws {
                    try await ↓withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await save(1) }
                        log(g.isEmpty)
                    }
                }
                """),
            .init(
                "rethrows into the void",
                """
                func f() async throws {
                    await ↓withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask {
                            do { try await save(1) } catch {
                                log(error)
                                throw error
                            }
                        }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a child that can throw nothing but its own cancellation",
                """
                func f(_ c: Connection) async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask {
                            try await Task.sleep(for: .milliseconds(50))
                            c.close()
                        }
                        try await c.idle()
                    }
                }
                """),
            .init(
                "workers added in a loop, ended by `cancelAll`",
                """
                func f(_ ws: [Worker]) async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        for w in ws { g.addTask { try await w.run() } }
                        try await body()
                        g.cancelAll()
                    }
                }
                """),
            .init(
                "a background child that is asked to stop",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await server.run() }
                        try await body(server)
                        server.beginGracefulShutdown()
                    }
                }
                """),
            .init(
                "a result from within a do",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        do {
                            let r = try await load(2)
                            return r
                        } catch {
                            log(error)
                            throw error
                        }
                    }
                }
                """),
            .init(
                "iterated",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        for try await v in g { use(v) }
                    }
                }
                """),
            .init(
                "waits for all",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await save(1) }
                        try await g.waitForAll()
                    }
                }
                """),
            .init(
                "takes one",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        defer { g.cancelAll() }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "a background child",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        let r = try await load(2)
                        g.cancelAll()
                        return r
                    }
                }
                """),
            .init(
                "a background child and a result",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        return try await load(2)
                    }
                }
                """),
            .init(
                "passed on",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await save(1) }
                        try await drain(&g)
                    }
                }
                """),
            .init(
                "children that cannot fail",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in g.addTask { await work() } }
                }
                """),
            .init(
                "a discarding group passes errors on",
                """
                func f() async throws {
                    try await withThrowingDiscardingTaskGroup { g in g.addTask { try await save(1) } }
                }
                """),
            .init(
                "reduced",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        return try await g.reduce(0, +)
                    }
                }
                """),
        ])

    func check(_ call: Call, in file: FileContext) {
        guard let scope = TaskGroupScope(call), file.isCoveredByAwait(call.node), scope.isThrowing, !scope.isDiscarding
        else { return }
        guard !scope.spawns.isEmpty, !scope.consumes, !scope.escapes,
            scope.spawns.contains(where: { canThrow($0, in: file) })
        else {
            return
        }
        let repeats = scope.spawns.contains { scope.isRepeated($0.node) }
        let body = scope.closure.statements
        // Workers in the background of a body that awaits work of its own, and then ends them.
        if Self.endsByCancelling(scope) { return }
        if !repeats, body.hasOwnLevel({ $0.isSuspension }) {
            let returns = body.hasOwnLevel { node in
                guard let value = node.as(ReturnStmtSyntax.self)?.expression else { return false }
                return value.trimmedDescription != "()"
            }
            if scope.cancels || returns || Self.endsBackgroundWork(body) { return }
            if body.last?.item.is(AwaitExprSyntax.self) == true { return }
        }
        file.report(
            Self.self, at: call.nameToken,
            "nobody awaits the children of '\(scope.group)': their errors are lost; "
                + "add 'try await \(scope.group).waitForAll()' or iterate over the group",
            notes: [(Syntax(scope.spawns[0].node), "a child that can throw")], fixes: fix(scope, in: file))
    }

    /// Whether the body awaits something of its own, and cancels the children on the way out that succeeds.
    private static func endsByCancelling(_ scope: TaskGroupScope) -> Bool {
        let body = scope.closure.statements
        guard body.hasOwnLevel({ $0.isSuspension }) else { return false }
        return body.hasOwnLevel { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), call.name == "cancelAll",
                call.base?.core.identifier == scope.group
            else { return false }
            return node.ancestor(CatchClauseSyntax.self)?.isInside(scope.closure) != true
        }
    }

    /// Whether the body asks what runs in the background to stop, as `server.shutdown()` does.
    private static func endsBackgroundWork(_ body: CodeBlockItemListSyntax) -> Bool {
        body.hasOwnLevel { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
            return call.endsWork
        }
    }

    private func canThrow(_ child: Call, in file: FileContext) -> Bool {
        guard let body = child.closures.first?.closure else { return true }
        return ErrorFlow.escapes(from: body.statements).contains { !file.throwsCancellationOnly($0) }
    }

    /// A suggestion always: what was lost is thrown now, and behind `cancelAll()` that is every time.
    private func fix(_ scope: TaskGroupScope, in file: FileContext) -> [Fix] {
        guard !scope.cancels, let last = scope.closure.statements.last, !last.item.is(ReturnStmtSyntax.self) else {
            return []
        }
        let wait = "try await \(scope.group).waitForAll()"
        let oneLine = file.sameLine(scope.closure, last) || last.parent == nil
        let separator = oneLine ? "; " : "\n" + file.indentation(of: last)
        return [
            Fix(
                title: "wait for the children at the end", safety: .suggestion,
                edits: [file.insert(separator + wait, after: last)])
        ]
    }
}
#endif
