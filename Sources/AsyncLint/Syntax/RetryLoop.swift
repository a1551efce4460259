#if Lint
import SwiftSyntax

/// A loop that repeats an asynchronous attempt until it succeeds: `while … { do { return try await load() } catch { … } }`.
struct RetryLoop {
    let loop: Loop
    let attempt: DoStmtSyntax
    /// The clause that takes every error.
    let catchAll: CatchClauseSyntax

    /// Finds the attempt in a loop: a `do` of its own level with `try await` and a way out on success, whose catch takes everything
    /// and goes round again.
    init?(_ loop: Loop, in file: FileContext) {
        if loop.isForAwait { return nil }
        for item in loop.body.statements {
            guard let attempt = item.item.as(DoStmtSyntax.self),
                let clause = attempt.catchClauses.first(where: \.catchesEverything),
                Self.triesAsync(attempt.body), Self.succeeds(attempt, item, in: loop)
            else { continue }
            if file.leaves(clause.body.statements), !Self.endsWithContinue(clause.body) { continue }
            self.loop = loop
            self.attempt = attempt
            catchAll = clause
            return
        }
        return nil
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
                if part.is(ReturnStmtSyntax.self) { return true }
                guard let jump = part.as(BreakStmtSyntax.self) else { return false }
                return jump.label != nil
                    || Loop.enclosing(jump)?.node.id == loop.node.id
                        && jump.ancestor(SwitchCaseSyntax.self).map { !$0.isInside(attempt) } ?? true
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
    var consumesElement: Bool { attempt.body.mentions(elementNames) }

    /// What runs between a failure and the next attempt: the catch, and the loop's code outside the attempt.
    func between(_ condition: (Syntax) -> Bool) -> Bool {
        if catchAll.body.hasOwnLevel(condition) { return true }
        return loop.body.statements.contains { item in
            !attempt.isInside(item) && item.hasOwnLevel(condition)
        }
    }
}
#endif
