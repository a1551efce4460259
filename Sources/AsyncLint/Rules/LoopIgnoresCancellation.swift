#if Lint
import SwiftSyntax

struct LoopIgnoresCancellation: LoopRule {
    static let words = ["await"]
    static let page = RulePage(
        id: "loop-ignores-cancellation",
        summary: "An endless loop that awaits and never looks at cancellation.",
        severity: .warning,
        quietInTests: true,
        why: """
            Cancelling a task sets a flag; somebody has to look at it. This loop has no way out: the task outlives its owner, holds what \
            it captured, and a graceful shutdown waits for it in vain.
            """,
        instead:
            "`while !Task.isCancelled`, `try Task.checkCancellation()`, or an awaited call whose error leaves the loop.",
        limits: "A loop with any `return`, `break` or error of its own level is left alone.",
        reported: [
            .init(
                "in parentheses", "func f() async { ↓while (true) { await tick() } }"),
            .init(
                "an endless range", "func f() async { ↓for _ in 0... { await tick() } }"),
            .init("a task's loop", "func f() { t = Task { ↓while true { await tick() } } }"),
            .init("a function", "func f() async { ↓while true { await tick() } }"),
            .init("`repeat`", "func f() async { ↓repeat { await tick() } while true }"),
            .init(
                "errors stay inside",
                """
                func f() async { ↓while true { do { try await save(1) } catch { log(error) } } }
                """),
            .init("`try?`", "func f() async { ↓while true { try? await save(1) } }"),
            .init(
                "breaks an inner loop only",
                """
                func f() async { ↓while true {
                        for x in xs { if x == 1 { break } }
                        await tick()
                    }
                }
                """),
            .init(
                "breaks a switch only",
                """
                func f() async { ↓while true {
                        switch await next() {
                        case 1: break
                        default: tick()
                        }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "ends the process",
                """
                func f() async {
                    while true {
                        if await isDone() { exit(0) }
                        await tick()
                    }
                }
                """),
            .init(
                "keeps `main` from returning",
                """
                func main() async {
                    while true {
                        try? await Task.sleep(for: .seconds(86_400))
                        logger.fault("still here")
                    }
                }
                """),
            .init(
                "a task that nobody can cancel",
                """
                final class Watch {
                    static let observer = Task { while true { await tick() } }
                }
                """),
            .init(
                "an awaited call's error leaves",
                """
                func f() {
                    t = Task {
                        while true {
                            try await Task.sleep(for: .seconds(1))
                            await work()
                        }
                    }
                }
                """),
            .init("looks in its head", "func f() async { while !Task.isCancelled { await tick() } }"),
            .init(
                "looks in its body",
                """
                func f() async {
                    while true {
                        if Task.isCancelled { break }
                        await tick()
                    }
                }
                """),
            .init(
                "ends by itself",
                """
                func f() async {
                    while true {
                        guard let x = await next() else { return }
                        use(x)
                    }
                }
                """),
            .init(
                "a labelled break",
                """
                func f() async {
                    outer: while true {
                        switch await next() {
                        case 1: break outer
                        default: tick()
                        }
                    }
                }
                """),
            .init("synchronous", "func f() { while true { step() } }"),
            .init("a condition", "func f() async { while running { await tick() } }"),
            .init(
                "a stream",
                """
                func f(_ s: AsyncStream<Int>) async { for await x in s { await use(x) } }
                """),
        ])

    /// Whether a loop does nothing but sleep: it keeps a `main` from returning.
    private func parks(_ loop: Loop, in file: FileContext) -> Bool {
        var sleeps = false
        for item in loop.body.statements {
            if let expression = item.item.as(ExprSyntax.self), let call = Call(expression.core), call.name == "sleep" {
                sleeps = true
            } else if !file.onlyNotes(item) {
                return false
            }
        }
        return sleeps
    }

    func check(_ loop: Loop, in file: FileContext) {
        guard loop.isForever, loop.body.hasOwnLevel({ $0.isSuspension }) else { return }
        if loop.canExit || loop.observesCancellation { return }
        if loop.body.hasOwnLevel({ file.neverReturns($0) }) || parks(loop, in: file) { return }
        // Nobody can cancel the task of a static property.
        if let spawn = file.spawn(owning: file.code(of: loop.node)),
            spawn.call.node.ancestor(VariableDeclSyntax.self)?.modifiers.has(.static) == true
        {
            return
        }
        let code = file.code(of: loop.node)
        var fixes: [Fix] = []
        if case .whileLoop(let conditions) = loop.kind {
            let item = loop.node.as(WhileStmtSyntax.self)?.parent?.as(CodeBlockItemSyntax.self)
            let isLast = item.map { code.statements?.last?.id == $0.id } ?? false
            // A task that is kept may be declared to never end.
            let isVoid = code.returnsVoid || file.isDroppedTask(code)
            fixes = [
                Fix(
                    title: "end the loop when the task is cancelled", safety: isLast && isVoid ? .safe : .suggestion,
                    edits: [file.replace(conditions, by: "!Task.isCancelled")])
            ]
        }
        file.report(
            Self.self, at: loop.keyword,
            "this loop cannot be cancelled; check Task.isCancelled, or let an error out", fixes: fixes)
    }
}
#endif
