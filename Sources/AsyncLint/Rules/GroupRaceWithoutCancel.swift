#if Lint
import SwiftSyntax

struct GroupRaceWithoutCancel: CallRule {
    static let words = ["TaskGroup"]
    static let page = RulePage(
        id: "group-race-without-cancel",
        summary: "The first child to finish wins, and the body then waits for all the others.",
        severity: .warning,
        why: """
            A group waits for every child before it returns. A timeout written as a race of two children returns after the slower one, \
            unless the body cancels: a request that took 10 ms takes the five seconds of its timeout.
            """,
        instead: "`defer { group.cancelAll() }` at the start of the body.",
        limits: "An error that leaves the body cancels the rest by itself.",
        reported: [
            .init(
                "a time limit",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask {
                            try await Task.sleep(for: .seconds(5))
                            throw Late()
                        }
                        return try await ↓g.next()!
                    }
                }
                """),
            .init(
                "through a variable",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = try await ↓g.next()!
                        return r
                    }
                }
                """),
            .init(
                "unwrapped",
                """
                func f() async -> Int? {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        guard let r = await ↓g.next() else { return nil }
                        return r
                    }
                }
                """),
            .init(
                "one child for each mirror",
                """
                func f(_ ms: [Mirror]) async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        for m in ms { g.addTask { try await m.load() } }
                        return try await ↓g.next()!
                    }
                }
                """),
            .init(
                "the first of an iteration",
                """
                func f() async -> Int? {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        ↓for await r in g { return r }
                        return nil
                    }
                }
                """),
            .init(
                "as a result",
                """
                func f() async -> Bool {
                    await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = await ↓g.nextResult()
                        return r != nil
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a child ends the others",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await client.run() }
                        g.addTask {
                            try await pause()
                            client.shutdown()
                        }
                        try await g.next()
                    }
                }
                """),
            .init(
                "ends the others in its own way",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await client.run() }
                        g.addTask { try await pause() }
                        try await g.next()
                        client.beginGracefulShutdown()
                    }
                }
                """),
            .init(
                "cancels",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = try await g.next()!
                        g.cancelAll()
                        return r
                    }
                }
                """),
            .init(
                "cancels on the way out",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        defer { g.cancelAll() }
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "takes both",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let a = try await g.next()!
                        let b = try await g.next()!
                        return a + b
                    }
                }
                """),
            .init(
                "one child",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "a window",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in
                        for x in xs {
                            if full { await g.next() }
                            g.addTask { await use(x) }
                        }
                    }
                }
                """),
            .init(
                "takes all",
                """
                func f() async -> Int {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        var s = 0
                        for await v in g { s += v }
                        return s
                    }
                }
                """),
            .init(
                "waits for the rest on purpose",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = try await g.next()!
                        try await g.waitForAll()
                        return r
                    }
                }
                """),
            .init(
                "drains in a loop",
                """
                func f() async {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        while let r = await g.next() { use(r) }
                    }
                }
                """),
        ])

    func check(_ call: Call, in file: FileContext) {
        guard let scope = TaskGroupScope(call), file.isCoveredByAwait(call.node), !scope.isDiscarding, !scope.cancels,
            !scope.waitsForAll, !scope.escapes
        else { return }
        let repeats = scope.spawns.contains { scope.isRepeated($0.node) }
        guard repeats || scope.spawns.count >= 2 else { return }
        let site: Syntax
        if let loop = scope.iterations.first {
            guard scope.iterations.count == 1, scope.nexts.isEmpty,
                loop.body.statements.last?.item.is(ReturnStmtSyntax.self) == true
            else { return }
            site = Syntax(loop.forKeyword)
        } else {
            guard let next = scope.nexts.first, !scope.nexts.contains(where: { scope.isRepeated($0.node) }) else {
                return
            }
            if !repeats && scope.nexts.count >= scope.spawns.count { return }
            if endsOthers(scope) { return }
            site = Syntax(next.node)
        }
        // Every child added in one loop and one `next()` in a window's first turn would be repeated; what is left is a race.
        file.report(
            Self.self, at: site,
            "the group still waits for the children that lost; cancel them: defer { \(scope.group).cancelAll() }",
            notes: scope.spawns.prefix(2).map { (Syntax($0.nameToken), "a child") }, fixes: fix(scope, in: file))
    }

    /// Whether the rest is ended in another way: `client.shutdown()` in the body, or by a child.
    private func endsOthers(_ scope: TaskGroupScope) -> Bool {
        !scope.closure.statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return .into }
            let isOwn = Code.enclosing(node).node.id == scope.closure.id
            return (isOwn && call.endsWork) || call.name.lowercased().contains("shutdown") ? .stop : .into
        }
    }

    private func fix(_ scope: TaskGroupScope, in file: FileContext) -> [Fix] {
        guard let first = scope.closure.statements.first, scope.group != "$0" else { return [] }
        let oneLine = file.sameLine(scope.closure, first)
        let separator = oneLine ? "; " : "\n" + file.indentation(of: first)
        return [
            Fix(
                title: "cancel the rest on the way out", safety: .safe,
                edits: [file.insert("defer { \(scope.group).cancelAll() }" + separator, before: first)])
        ]
    }
}
#endif
