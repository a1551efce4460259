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
                "searches",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    await withTaskGroup(of: Int?.self) { g in
                        for m in ms { g.addTask { try? await m.load() } }
                        return await ↓g.first { $0 != nil } ?? nil
                    }
                }
                """),
            .init(
                "the first that fits",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    await withTaskGroup(of: Int?.self) { g in
                        for m in ms { g.addTask { try? await m.load() } }
                        ↓for await r in g { if let r { return r } }
                        return nil
                    }
                }
                """),
            .init(
                "breaks out",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    await withTaskGroup(of: Int?.self) { g in
                        for m in ms { g.addTask { try? await m.load() } }
                        var first: Int?
                        ↓for await r in g {
                            first = r
                            if r != nil { break }
                        }
                        return first
                    }
                }
                """),
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
                "children that serve the body",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        g.addTask { try await listen() }
                        try await exchange()
                        try await g.next()
                    }
                }
                """),
            .init(
                "throws behind the first: that cancels",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        g.addTask { try await listen() }
                        try await g.next()
                        throw Stopped()
                    }
                }
                """),
            .init(
                "leaves when all have come",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Int.self) { g in
                        for x in xs { g.addTask { await load(x) } }
                        var done = 0
                        for await _ in g {
                            done += 1
                            if done == xs.count { break }
                        }
                    }
                }
                """),
            .init(
                "skips some",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Int?.self) { g in
                        for x in xs { g.addTask { await load(x) } }
                        for await r in g {
                            guard let r else { continue }
                            use(r)
                        }
                    }
                }
                """),
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
        if let search = scope.searches.first {
            guard scope.iterations.isEmpty, scope.nexts.isEmpty else { return }
            site = Syntax(search.node)
        } else if let loop = scope.iterations.first {
            guard scope.iterations.count == 1, scope.nexts.isEmpty, leavesEarly(loop), !endsOthers(scope) else {
                return
            }
            site = Syntax(loop.forKeyword)
        } else {
            guard let next = scope.nexts.first, !scope.nexts.contains(where: { scope.isRepeated($0.node) }) else {
                return
            }
            if !repeats && scope.nexts.count >= scope.spawns.count { return }
            if endsOthers(scope) || throwsNext(next, scope) || worksBefore(next, scope) { return }
            site = Syntax(next.node)
        }
        // Every child added in one loop and one `next()` in a window's first turn would be repeated; what is left is a race.
        file.report(
            Self.self, at: site,
            "the group still waits for the children that lost; cancel them: defer { \(scope.group).cancelAll() }",
            notes: scope.spawns.prefix(2).map { (Syntax($0.nameToken), "a child") }, fixes: fix(scope, in: file))
    }

    /// Whether the loop over the children is left before the last of them: by `return`, or by a `break` of its own.
    private func leavesEarly(_ loop: ForStmtSyntax) -> Bool {
        loop.body.hasOwnLevel { node in
            if node.is(ReturnStmtSyntax.self) { return Self.isNoCount(node, loop) }
            guard let jump = node.as(BreakStmtSyntax.self),
                jump.ancestor(SwitchCaseSyntax.self)?.isInside(loop) != true,
                Loop.enclosing(jump)?.node.id == loop.id
            else { return false }
            return Self.isNoCount(node, loop)
        }
    }

    /// Whether the condition of a way out compares no count: `if done == total { break }` leaves when all have come.
    private static func isNoCount(_ exit: Syntax, _ loop: ForStmtSyntax) -> Bool {
        guard let branch = exit.ancestor(IfExprSyntax.self), branch.isInside(loop) else { return true }
        return !branch.conditions.hasOwnLevel { node in
            ["==", ">=", ">"].contains(node.as(BinaryOperatorExprSyntax.self)?.operator.text)
                && branch.conditions.trimmedDescription.contains("ount")
        }
    }

    /// Whether the body awaits work of its own between the last child and the first result: then the children serve it, and do not race.
    private func worksBefore(_ next: Call, _ scope: TaskGroupScope) -> Bool {
        let items = Array(scope.closure.statements)
        guard let last = scope.spawns.last, let from = items.lastIndex(where: { last.node.isInside($0) }),
            let to = items.firstIndex(where: { next.node.isInside($0) }), from + 1 < to
        else { return false }
        return items[(from + 1)..<to].contains { $0.hasOwnLevel { $0.isSuspension } }
    }

    /// Whether the body throws behind `next()` on every path: an error that leaves cancels the rest.
    private func throwsNext(_ next: Call, _ scope: TaskGroupScope) -> Bool {
        guard scope.closure.statements.last?.item.is(ThrowStmtSyntax.self) == true,
            let item = next.node.ancestor(CodeBlockItemSyntax.self), item.parent?.parent?.id == scope.closure.id
        else { return false }
        return !scope.closure.statements.contains { $0.hasOwnLevel { $0.is(ReturnStmtSyntax.self) } }
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
