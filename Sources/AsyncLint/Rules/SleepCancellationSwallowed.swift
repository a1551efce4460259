#if Lint
import SwiftSyntax

struct SleepCancellationSwallowed: TryRule {
    static let words = ["await"]

    func check(_ expression: TryExprSyntax, in file: FileContext) {
        guard let call = Call(expression.expression.core), file.isCoveredByAwait(call.node),
            file.apis.throwsCancellationOnly(call)
        else { return }
        guard let item = swallowing(expression, in: file) else { return }
        if file.speaksOfCancellation(item) { return }
        let code = file.code(of: expression)
        if file.isDroppedTask(code) || Self.isForDebugging(item) { return }
        if let loop = Loop.enclosing(item) {
            // A stream that is cancelled ends, and the loop with it.
            let observes =
                loop.head.mentions(CancellationWords.all)
                || loop.body.hasOwnLevel { CancellationWords.matches($0) && !$0.isInside(item) }
            if loop.isForAwait || observes || !ErrorFlow.escapes(from: loop.body.statements).isEmpty { return }
        } else {
            guard let next = Self.next(after: item, within: code) else { return }
            if Self.isHarmless(next) || Self.looksAgain(next) || Self.looksAtCancellation(from: next) { return }
            if looksInside(next, in: file) { return }
        }
        let inLoop = Loop.enclosing(item) != nil
        // Outside loops it matters where somebody is known to cancel: in a task that is kept.
        let part = inLoop || file.spawn(owning: code) != nil ? nil : Self.pause.id
        file.report(
            Self.self, at: expression, part: part,
            inLoop
                ? "when the task is cancelled this sleep returns at once and the loop spins; let the error out or check Task.isCancelled"
                : "when the task is cancelled this sleep returns at once and what follows runs; let the error out or check Task.isCancelled",
            fixes: fix(expression, in: file))
    }

    /// `#if DEBUG`: a pause for whoever looks on.
    private static func isForDebugging(_ item: CodeBlockItemSyntax) -> Bool {
        item.ancestor(IfConfigClauseSyntax.self)?.condition?.trimmedDescription == "DEBUG"
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

    /// Whether what follows is a call of something in this file that looks again itself: it compares with the time, or does nothing
    /// where a condition does not hold.
    private func looksInside(_ item: CodeBlockItemSyntax, in file: FileContext) -> Bool {
        guard let expression = item.item.as(ExprSyntax.self), let call = Call(expression.core),
            call.isBare || call.base?.core.trimmedDescription == "self"
        else { return false }
        return !item.root.traverse { node in
            guard let function = node.as(FunctionDeclSyntax.self), function.name.plainText == call.name,
                let statements = function.body?.statements
            else { return .into }
            if let first = statements.first, statements.count == 1 || first.item.is(GuardStmtSyntax.self),
                Self.looksAgain(first)
            {
                return .stop
            }
            return statements.hasOwnLevel(Self.comparesWithNow) ? .stop : .skip
        }
    }

    private static func comparesWithNow(_ node: Syntax) -> Bool {
        guard let parts = node.as(SequenceExprSyntax.self)?.elements else { return false }
        return parts.contains {
            ["<", "<=", ">", ">=", "=="].contains($0.as(BinaryOperatorExprSyntax.self)?.operator.text)
        } && parts.contains { $0.mentions(["Date", "now", "timeIntervalSinceNow", "timeIntervalSince", "uptime"]) }
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

    private func fix(_ expression: TryExprSyntax, in file: FileContext) -> [Fix] {
        guard let mark = expression.questionOrExclamationMark, expression.parent?.is(CodeBlockItemSyntax.self) == true
        else {
            return []
        }
        return [
            Fix(
                title: "let the cancellation out",
                safety: file.mayThrow(at: expression) ? .safe : .suggestion,
                edits: [file.replace(mark, by: "")])
        ]
    }
}
#endif
