#if Lint
import SwiftSyntax

struct SleepCancellationSwallowed: TryRule {
    static let words = ["sleep", "await"]
    static let page = RulePage(
        id: "sleep-cancellation-swallowed",
        summary: "`try? await Task.sleep` goes on at once when the task is cancelled.",
        severity: .warning,
        quietInTests: true,
        why: """
            A cancelled sleep throws, and `try?` swallows it: what follows runs immediately. In a loop the pause is gone and the loop \
            spins on a full core for as long as it goes on: 1,814 rounds in 50 ms were measured after `cancel()`.
            """,
        instead: "`try await Task.sleep(for:)` and let the error out, or look at `Task.isCancelled` right after it.",
        limits: """
            The last statement of a function, and a task that nobody keeps (so nobody can cancel it), are left alone outside loops. \
            A loop that looks at cancellation, or lets an error of another call out, ends by itself.
            """,
        reported: [
            .init(
                "in a loop",
                """
                func poll() async {
                    while true { ↓try? await Task.sleep(for: .seconds(10))
                        render(1)
                    }
                }
                """),
            .init(
                "at the end of a loop",
                """
                func poll() async {
                    while true {
                        render(1)
                        ↓try? await Task.sleep(nanoseconds: 10)
                    }
                }
                """),
            .init(
                "something follows",
                """
                func f() async { ↓try? await Task.sleep(for: .seconds(1))
                    await hide()
                }
                """),
            .init(
                "between retries",
                """
                func f() async throws {
                    for _ in 0..<3 {
                        if await ok() { return }
                        ↓try? await Task.sleep(for: .seconds(1))
                    }
                }
                """),
            .init(
                "a clock",
                """
                func f(_ clock: ContinuousClock) async {
                    while running { ↓try? await clock.sleep(for: .seconds(1))
                        tick()
                    }
                }
                """),
            .init(
                "discarded",
                """
                func f() async {
                    _ = ↓try? await Task.sleep(for: .seconds(1))
                    await hide()
                }
                """),
            .init(
                "a kept task",
                """
                func f() {
                    task = Task { ↓try? await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init(
                "an empty catch",
                """
                func f() async {
                    while true {
                        do { ↓try await Task.sleep(for: .seconds(1)) } catch {}
                        tick()
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a watchdog has nothing left to do",
                """
                func f() async -> Int? {
                    try? await Task.sleep(for: .seconds(1))
                    return nil
                }
                """),
            .init(
                "a comment says that it was thought about",
                """
                func f() async {
                    // A cancelled pause goes round at once: the next attempt is cancelled too.
                    try? await Task.sleep(for: .seconds(1))
                    await attempt()
                }
                """),
            .init(
                "the loop's head looks",
                """
                func poll() async { while !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) } }
                """),
            .init(
                "the next statement looks",
                """
                func f() async {
                    try? await Task.sleep(for: .seconds(1))
                    guard !Task.isCancelled else { return }
                    await hide()
                }
                """),
            .init(
                "the loop looks",
                """
                func f() async {
                    while true {
                        try? await Task.sleep(for: .seconds(1))
                        if Task.isCancelled { break }
                        tick()
                    }
                }
                """),
            .init(
                "the last statement",
                """
                func f() async {
                    await work()
                    try? await Task.sleep(for: .seconds(1))
                }
                """),
            .init(
                "lets the error out",
                """
                func f() async throws {
                    try await Task.sleep(for: .seconds(1))
                    await hide()
                }
                """),
            .init(
                "nobody can cancel it",
                """
                func f() {
                    Task {
                        try? await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init(
                "another call lets it out",
                """
                func f() async throws {
                    while true {
                        try? await Task.sleep(for: .seconds(1))
                        try await tick()
                    }
                }
                """),
            .init("another sleep", "func f() async { try? await cat.sleep(); await hide() }"),
            .init(
                "its result is looked at",
                """
                func f() async {
                    if (try? await Task.sleep(for: .seconds(1))) == nil { return }
                    await hide()
                }
                """),
        ])

    func check(_ expression: TryExprSyntax, in file: FileContext) {
        guard let call = Call(expression.expression.core), call.name == "sleep", file.isCoveredByAwait(call.node),
            file.apis.throwsCancellationOnly(call)
        else { return }
        guard let item = swallowing(expression) else { return }
        if file.speaksOfCancellation(item) { return }
        let code = file.code(of: expression)
        if let loop = Loop.enclosing(item) {
            if loop.observesCancellation || !ErrorFlow.escapes(from: loop.body.statements).isEmpty { return }
        } else {
            guard let next = Self.next(after: item, within: code) else { return }
            if next.mentions(CancellationWords.all) || Self.isHarmless(next) { return }
            if let spawn = file.spawn(owning: code), file.use(of: spawn.call.node) == .dropped { return }
        }
        let inLoop = Loop.enclosing(item) != nil
        file.report(
            Self.self, at: expression,
            inLoop
                ? "when the task is cancelled this sleep returns at once and the loop spins; let the error out or check Task.isCancelled"
                : "when the task is cancelled this sleep returns at once and what follows runs; let the error out or check Task.isCancelled",
            fixes: fix(expression, code, in: file))
    }

    /// The statement that swallows the error: `try? …`, `_ = try? …`, or a `do` with nothing but the sleep and an empty catch.
    private func swallowing(_ expression: TryExprSyntax) -> CodeBlockItemSyntax? {
        guard let parent = expression.parent else { return nil }
        if expression.questionOrExclamationMark?.tokenKind == .postfixQuestionMark {
            if let item = parent.as(CodeBlockItemSyntax.self) { return item }
            let sequence = parent.parent?.as(SequenceExprSyntax.self)
            guard sequence?.elements.first?.is(DiscardAssignmentExprSyntax.self) == true else { return nil }
            return sequence?.parent?.as(CodeBlockItemSyntax.self)
        }
        guard expression.questionOrExclamationMark == nil, let item = parent.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self), list.count == 1,
            let statement = list.parent?.parent?.as(DoStmtSyntax.self), statement.catchClauses.count == 1,
            statement.catchesEverything, statement.catchClauses.first?.body.statements.isEmpty == true
        else { return nil }
        return statement.parent?.as(CodeBlockItemSyntax.self)
    }

    /// `return nil`, `return .timedOut`: nothing runs.
    private static func isHarmless(_ item: CodeBlockItemSyntax) -> Bool {
        guard let statement = item.item.as(ReturnStmtSyntax.self) else { return false }
        return !statement.hasOwnLevel { $0.is(FunctionCallExprSyntax.self) || $0.is(AwaitExprSyntax.self) }
    }

    /// What runs after a statement in its own code, in its block or in one around it.
    private static func next(after item: CodeBlockItemSyntax, within code: Code) -> CodeBlockItemSyntax? {
        var current: CodeBlockItemSyntax? = item
        while let here = current, here.isInside(code.node) {
            if let list = here.parent?.as(CodeBlockItemListSyntax.self) {
                var found = false
                for candidate in list {
                    if found { return candidate }
                    if candidate.id == here.id { found = true }
                }
            }
            if let owner = here.parent?.parent, owner.id == code.node.id { return nil }
            current = here.ancestor(CodeBlockItemSyntax.self)
        }
        return nil
    }

    private func fix(_ expression: TryExprSyntax, _ code: Code, in file: FileContext) -> [Fix] {
        guard let mark = expression.questionOrExclamationMark, expression.parent?.is(CodeBlockItemSyntax.self) == true
        else {
            return []
        }
        return [
            Fix(
                title: "let the cancellation out",
                safety: code.throwsAnyError && code.kind != .closure ? .safe : .suggestion,
                edits: [file.replace(mark, by: "")])
        ]
    }
}
#endif
