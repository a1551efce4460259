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
        limits: "Only loops whose body is exactly one awaited sleep or yield.",
        reported: [
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
        guard !loop.isForever, loop.body.statements.count == 1,
            let only = loop.body.statements.first?.item.as(ExprSyntax.self),
            let call = Call(only.core), file.isAwaited(call.node)
        else { return }
        let yields = call.baseName == "Task" && call.name == "yield"
        guard yields || (call.name == "sleep" && file.apis.throwsCancellationOnly(call)) else { return }
        let head = loop.head.trimmedDescription
        if head == "!Task.isCancelled" { return }
        file.report(
            Self.self, at: loop.keyword,
            yields
                ? "this loop keeps a core busy until its condition holds; wait for an event that the other side sets"
                : "this loop wakes up only to look again; wait for an event that the other side sets")
    }
}
#endif
