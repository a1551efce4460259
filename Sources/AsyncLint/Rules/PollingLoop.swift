#if Lint
import SwiftSyntax

struct PollingLoop: LoopRule {
    static let words = ["await"]
    static let page = RulePage(
        id: "polling-loop",
        summary: "A loop that does nothing but sleep until a condition holds.",
        severity: .info,
        quietInTests: true,
        why: """
            It wakes up for nothing most of the time, and late the one time that matters; with `Task.yield()` it keeps a core busy. \
            Whoever makes the condition true knows when.
            """,
        instead:
            "A continuation, an `AsyncStream`, or an `AsyncManualResetEvent` of Concerto that the other side sets.",
        limits: """
            Only loops whose body is exactly one awaited sleep or yield, besides a counter, and endless ones that leave by a condition \
            of their own. A loop that asks somebody else, with `await`, in its body is left alone.
            """,
        reported: [
            .init(
                "an endless loop with a way out",
                """
                func f() async throws {
                    ↓while true {
                        if ready { break }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                """),
            .init(
                "counts its tries",
                """
                func f(_ c: Client) async throws {
                    var n = 0
                    ↓while !c.ready && n < 100 {
                        n += 1
                        try await Task.sleep(for: .milliseconds(10))
                    }
                }
                """),
            .init(
                "sleeps",
                """
                func f(_ done: () -> Bool) async throws { ↓while !done() { try await Task.sleep(for: .milliseconds(10)) }
                }
                """),
            .init("yields", "func f() async { ↓while !ready { await Task.yield() } }"),
            .init(
                "swallows",
                """
                func f() async { ↓while busy { try? await Task.sleep(nanoseconds: 1_000) } }
                """),
            .init(
                "`repeat`",
                """
                func f() async throws { ↓repeat { try await Task.sleep(for: .seconds(1)) } while busy }
                """),
            .init(
                "a clock",
                """
                func f(_ clock: ContinuousClock) async throws { ↓while busy { try await clock.sleep(for: .seconds(1)) }
                }
                """),
            .init(
                "also looks at cancellation",
                """
                func f() async { ↓while !ready && !Task.isCancelled { await Task.yield() } }
                """),
        ],
        clean: [
            .init(
                "asks somebody else",
                """
                func f(_ job: Job) async throws {
                    while true {
                        if try await job.isDone() { return }
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                """),
            .init(
                "a countdown",
                """
                func f() async throws {
                    var n = 3
                    while n > 0 {
                        n -= 1
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                """),
            .init(
                "a periodic job",
                """
                func f() async throws {
                    while !Task.isCancelled {
                        try await save(1)
                        try await Task.sleep(for: .seconds(60))
                    }
                }
                """),
            .init(
                "until cancelled",
                """
                func f() async { while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) } }
                """),
            .init(
                "for ever",
                """
                func f() async throws { while true { try await Task.sleep(for: .seconds(3600)) } }
                """),
            .init(
                "works on what it finds",
                """
                func f() async throws {
                    while queue.isEmpty {
                        try await refill()
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                """),
            .init("counts", "func f() async { for _ in 0..<10 { await Task.yield() } }"),
            .init("waits for an event", "func f() async { while !ready { await condition.wait() } }"),
            .init("binds what it asks for", "func f() async { while let next = pop() { await use(next) } }"),
        ])

    func check(_ loop: Loop, in file: FileContext) {
        switch loop.kind {
        case .whileLoop, .repeatLoop: break
        case .forIn, .forAwait: return
        }
        guard let (call, condition) = Self.pause(in: loop, file), file.isAwaited(call.node) else { return }
        let yields = call.baseName == "Task" && call.name == "yield"
        guard yields || (call.name == "sleep" && file.apis.throwsCancellationOnly(call)) else { return }
        if condition.trimmedDescription == "!Task.isCancelled" || condition.trimmedDescription == "Task.isCancelled" {
            return
        }
        file.report(
            Self.self, at: loop.keyword,
            yields
                ? "this loop keeps a core busy until its condition holds; wait for an event that the other side sets"
                : "this loop wakes up only to look again; wait for an event that the other side sets")
    }

    /// The pause of a loop that does nothing else than count its rounds, and the condition it waits for: the loop's own, or that of
    /// `if ready { break }` in an endless one.
    private static func pause(in loop: Loop, _ file: FileContext) -> (Call, Syntax)? {
        var pause: Call?
        var exit: Syntax?
        var counters: Set<String> = []
        for item in loop.body.statements {
            if let counter = counter(item) {
                counters.insert(counter)
            } else if loop.isForever, exit == nil, let condition = way(out: item) {
                exit = condition
            } else if pause == nil, let call = item.item.as(ExprSyntax.self).flatMap({ Call($0.core) }) {
                pause = call
            } else {
                return nil
            }
        }
        guard let pause else { return nil }
        if loop.isForever { return exit.map { (pause, $0) } }
        // A loop that only counts its pauses waits for nothing.
        if !counters.isEmpty {
            let waits = loop.head.hasOwnLevel { node in
                guard let name = node.as(DeclReferenceExprSyntax.self)?.baseName.plainText else { return false }
                return !counters.contains(name) && name != "Task" && name != "isCancelled"
            }
            guard waits else { return nil }
        }
        return (pause, loop.head)
    }

    /// `n` of `n += 1` and `n -= 1`.
    private static func counter(_ item: CodeBlockItemSyntax) -> String? {
        guard let parts = item.item.as(SequenceExprSyntax.self)?.elements, parts.count == 3,
            ["+=", "-="].contains(parts.dropFirst().first?.as(BinaryOperatorExprSyntax.self)?.operator.text),
            parts.last?.is(IntegerLiteralExprSyntax.self) == true
        else { return nil }
        return parts.first?.identifier
    }

    /// The condition of `if ready { break }` and of `guard !ready else { return }`; one that awaits asks somebody else.
    private static func way(out item: CodeBlockItemSyntax) -> Syntax? {
        let conditions: ConditionElementListSyntax
        let body: CodeBlockSyntax
        if let branch = item.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self),
            branch.elseBody == nil
        {
            (conditions, body) = (branch.conditions, branch.body)
        } else if let statement = item.item.as(GuardStmtSyntax.self) {
            (conditions, body) = (statement.conditions, statement.body)
        } else {
            return nil
        }
        guard body.statements.count == 1, let only = body.statements.first?.item,
            only.is(BreakStmtSyntax.self) || only.as(ReturnStmtSyntax.self).map({ $0.expression == nil }) == true,
            !conditions.hasOwnLevel({ $0.isSuspension || $0.is(TryExprSyntax.self) }),
            !conditions.mentions(CancellationWords.all)
        else { return nil }
        return Syntax(conditions)
    }
}
#endif
