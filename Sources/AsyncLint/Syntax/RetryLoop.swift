#if Lint
import SwiftSyntax

/// A loop that repeats an asynchronous attempt until it succeeds: `while … { do { return try await load() } catch { … } }`, or
/// `while … { if let v = try? await load() { return v } }`.
struct RetryLoop {
    let loop: Loop
    /// The attempt: the body of a `do`, or the expression behind `try?`.
    let attempt: Syntax
    /// The statement the attempt is part of.
    let statement: Syntax
    /// Where to report it.
    let keyword: TokenSyntax
    /// The clause that takes every error; nil for `try?`.
    let catchAll: CatchClauseSyntax?

    /// All clauses of the attempt's `do`.
    var clauses: CatchClauseListSyntax? { statement.as(DoStmtSyntax.self)?.catchClauses }

    /// Finds the attempt among the statements of a loop: one that awaits, leaves the loop on success, and goes round on every error.
    init?(_ loop: Loop, in file: FileContext) {
        if loop.isForAwait { return nil }
        self.loop = loop
        for item in loop.body.statements {
            if let attempt = item.item.as(DoStmtSyntax.self) {
                guard let clause = attempt.catchClauses.first(where: \.catchesEverything),
                    Self.triesAsync(attempt.body), Self.succeeds(attempt, item, in: loop),
                    !file.leaves(clause.body.statements) || Self.endsWithContinue(clause.body)
                else { continue }
                (self.attempt, statement, keyword, catchAll) = (
                    Syntax(attempt.body), Syntax(attempt), attempt.doKeyword, clause
                )
                return
            }
            guard let branch = item.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self),
                branch.elseBody == nil,
                file.leaves(branch.body.statements),
                branch.body.statements.last?.item.is(ContinueStmtSyntax.self) != true,
                let expression = Self.optionalAttempt(branch.conditions)
            else { continue }
            (attempt, statement, keyword, catchAll) = (
                Syntax(expression.expression), Syntax(branch), expression.tryKeyword, nil
            )
            return
        }
        return nil
    }

    /// `try? await …` of `if let v = try? await …`.
    private static func optionalAttempt(_ conditions: ConditionElementListSyntax) -> TryExprSyntax? {
        guard conditions.count == 1,
            let value = conditions.first?.condition.as(OptionalBindingConditionSyntax.self)?.initializer?.value.as(
                TryExprSyntax.self),
            value.questionOrExclamationMark?.tokenKind == .postfixQuestionMark,
            value.expression.is(AwaitExprSyntax.self)
        else { return nil }
        return value
    }

    private static func triesAsync(_ body: CodeBlockSyntax) -> Bool {
        body.hasOwnLevel { node in
            guard let expression = node.as(TryExprSyntax.self), expression.questionOrExclamationMark == nil else {
                return false
            }
            return expression.hasOwnLevel { $0.is(AwaitExprSyntax.self) }
        }
    }

    /// Success leaves the loop: from the `do`, or right behind it when the catch goes round with `continue`.
    private static func succeeds(_ attempt: DoStmtSyntax, _ item: CodeBlockItemSyntax, in loop: Loop) -> Bool {
        func leaves(_ node: Syntax) -> Bool {
            node.hasOwnLevel { part in
                // The way out of a `guard` is taken when there is nothing left, not on success.
                if let statement = part.ancestor(GuardStmtSyntax.self), statement.isInside(attempt),
                    part.isInside(statement.body)
                {
                    return false
                }
                if part.is(ReturnStmtSyntax.self) { return true }
                guard let jump = part.as(BreakStmtSyntax.self) else { return false }
                if jump.label != nil { return true }
                let breaksSwitch = jump.ancestor(SwitchCaseSyntax.self).map { $0.isInside(attempt) } ?? false
                return !breaksSwitch && Loop.enclosing(jump)?.node.id == loop.node.id
            }
        }
        if leaves(Syntax(attempt.body)) { return true }
        guard let last = loop.body.statements.last, last.id != item.id else { return false }
        guard last.item.is(ReturnStmtSyntax.self) || last.item.is(BreakStmtSyntax.self) else { return false }
        return attempt.catchClauses.allSatisfy { endsWithContinue($0.body) }
    }

    private static func endsWithContinue(_ body: CodeBlockSyntax) -> Bool {
        body.statements.last?.item.is(ContinueStmtSyntax.self) ?? false
    }

    /// Names the loop binds for the element or count it goes over.
    var elementNames: Set<String> {
        guard case .forIn(let statement) = loop.kind else { return [] }
        var names: Set<String> = []
        for token in statement.pattern.tokens(viewMode: .sourceAccurate) {
            if case .identifier(let name) = token.tokenKind { names.insert(name) }
        }
        return names
    }

    /// Whether each round tries something else: the attempt uses the element, so it is a list of alternatives, not a retry.
    var consumesElement: Bool { attempt.mentions(elementNames) }

    /// What runs between a failure and the next attempt: the catch, and the loop's code outside the attempt.
    func between(_ condition: (Syntax) -> Bool) -> Bool {
        if let catchAll, catchAll.body.hasOwnLevel(condition) { return true }
        return loop.body.statements.contains { item in
            !statement.isInside(item) && item.hasOwnLevel(condition)
        }
    }
}
#endif
