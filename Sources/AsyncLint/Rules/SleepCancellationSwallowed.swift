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
                "a catch that only notes it",
                """
                func f() async {
                    while true {
                        do { ↓try await Task.sleep(for: .seconds(1)) } catch { log(error) }
                        tick()
                    }
                }
                """),
            .init(
                "a debounce whose next keystroke cancels it",
                """
                func type(_ q: String) {
                    task?.cancel()
                    task = Task { [weak self] in ↓try? await Task.sleep(for: .milliseconds(300))
                        await self?.search(q)
                    }
                }
                """),
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
                "a stream that is cancelled ends by itself",
                """
                func f(_ s: AsyncStream<Int>) async {
                    for await x in s {
                        render(x)
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                }
                """),
            .init(
                "looks again whether it is due",
                """
                func arm() {
                    task = Task {
                        try? await Task.sleep(for: .seconds(5))
                        if idle > 5 { await fire() }
                    }
                }
                """),
            .init(
                "looks after a note",
                """
                func f() async {
                    try? await Task.sleep(for: .seconds(1))
                    log(1)
                    if Task.isCancelled { return }
                    await hide()
                }
                """),
            .init(
                "discarded, so nobody can cancel it",
                """
                func f() {
                    _ = Task {
                        try? await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init(
                "the only statement of a callback",
                """
                func f() {
                    observe {
                        Task {
                            try? await Task.sleep(for: .seconds(1))
                            hide()
                        }
                    }
                }
                """),
            .init(
                "a constant answer",
                """
                func f() async -> Answer {
                    try? await Task.sleep(for: .seconds(1))
                    return .failure(.late)
                }
                """),
            .init(
                "the catch leaves",
                """
                func f() async {
                    while true {
                        do { try await Task.sleep(for: .seconds(1)) } catch { return }
                        tick()
                    }
                }
                """),
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
        guard let item = swallowing(expression, in: file) else { return }
        if file.speaksOfCancellation(item) { return }
        let code = file.code(of: expression)
        if let loop = Loop.enclosing(item) {
            // A stream that is cancelled ends, and the loop with it.
            let observes =
                loop.head.mentions(CancellationWords.all)
                || loop.body.hasOwnLevel { CancellationWords.matches($0) && !$0.isInside(item) }
            if loop.isForAwait || observes || !ErrorFlow.escapes(from: loop.body.statements).isEmpty { return }
        } else {
            guard let next = Self.next(after: item, within: code) else { return }
            if Self.isHarmless(next) || Self.looksAgain(next) || Self.looksAtCancellation(from: next) { return }
            if let spawn = file.spawn(owning: code), isDropped(spawn, in: file) { return }
        }
        let inLoop = Loop.enclosing(item) != nil
        file.report(
            Self.self, at: expression,
            inLoop
                ? "when the task is cancelled this sleep returns at once and the loop spins; let the error out or check Task.isCancelled"
                : "when the task is cancelled this sleep returns at once and what follows runs; let the error out or check Task.isCancelled",
            fixes: fix(expression, code, in: file))
    }

    /// The statement that swallows the error: `try? …`, `_ = try? …`, or a `do` with nothing but the sleep whose catches do nothing, or
    /// nothing but note it.
    private func swallowing(_ expression: TryExprSyntax, in file: FileContext) -> CodeBlockItemSyntax? {
        guard let parent = expression.parent else { return nil }
        if expression.questionOrExclamationMark?.tokenKind == .postfixQuestionMark {
            if let item = parent.as(CodeBlockItemSyntax.self) { return item }
            let sequence = parent.parent?.as(SequenceExprSyntax.self)
            guard sequence?.elements.first?.is(DiscardAssignmentExprSyntax.self) == true else { return nil }
            return sequence?.parent?.as(CodeBlockItemSyntax.self)
        }
        guard expression.questionOrExclamationMark == nil, let item = parent.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self), list.count == 1,
            let statement = list.parent?.parent?.as(DoStmtSyntax.self), statement.catchesEverything,
            statement.catchClauses.allSatisfy({ clause in
                file.onlyNotes(clause.body.statements) && !clause.body.rightBrace.leadingTrivia.hasComment
            })
        else { return nil }
        return statement.parent?.as(CodeBlockItemSyntax.self)
    }

    /// Whether nobody has the task: it is a statement, and no function's declared result.
    private func isDropped(_ spawn: TaskSpawn, in file: FileContext) -> Bool {
        if file.use(of: spawn.call.node) != .used { return true }
        guard spawn.call.node.parent?.is(CodeBlockItemSyntax.self) == true else { return false }
        return Code.enclosing(spawn.call.node).kind == .closure
    }

    /// `if Date() > deadline { … }`, `guard query == latest else { return }`: what follows looks again whether it is due. A binding alone
    /// looks at something else.
    private static func looksAgain(_ item: CodeBlockItemSyntax) -> Bool {
        let conditions: ConditionElementListSyntax
        if let statement = item.item.as(GuardStmtSyntax.self) {
            conditions = statement.conditions
        } else if let branch = item.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self),
            branch.elseBody == nil
        {
            conditions = branch.conditions
        } else {
            return false
        }
        return conditions.contains { element in
            guard let expression = element.condition.as(ExprSyntax.self) else { return false }
            return expression.trimmedDescription != "self != nil"
        }
    }

    /// Whether cancellation is looked at before anything else is awaited.
    private static func looksAtCancellation(from item: CodeBlockItemSyntax) -> Bool {
        guard let list = item.parent?.as(CodeBlockItemListSyntax.self) else { return false }
        for next in list.drop(while: { $0.id != item.id }) {
            if next.mentions(CancellationWords.all) { return true }
            if next.hasOwnLevel({ $0.isSuspension }) { return false }
        }
        return false
    }

    /// `return nil`, `return .failure(.late)`: nothing runs.
    private static func isHarmless(_ item: CodeBlockItemSyntax) -> Bool {
        guard let statement = item.item.as(ReturnStmtSyntax.self) else { return false }
        return !statement.hasOwnLevel { node in
            if node.is(AwaitExprSyntax.self) { return true }
            guard let call = node.as(FunctionCallExprSyntax.self) else { return false }
            return call.calledExpression.as(MemberAccessExprSyntax.self).map { $0.base != nil } ?? true
        }
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
