#if Lint
import SwiftSyntax

struct RetryIgnoresCancellation: LoopRule, DoRule {
    static let words = ["await"]

    func check(_ loop: Loop, in file: FileContext) {
        if let retry = RetryLoop(loop, in: file), !loop.observesCancellation { check(retry, in: file) }
    }

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        if let retry = RetryLoop(recursive: statement, in: file) { check(retry, in: file) }
    }

    private func check(_ retry: RetryLoop, in file: FileContext) {
        if retry.consumesElement || retry.clause?.catchesEverything == false { return }
        if retry.clauses?.contains(where: { $0.mentions(CancellationWords.all) }) == true { return }
        let lets = retry.clause.map { clause in
            ErrorFlow.escapes(from: clause.body).contains { node in
                node.is(TryExprSyntax.self) && retry.recursion?.isInside(node) != true
            }
        }
        if lets == true { return }
        if retry.between({ node in
            node.as(TryExprSyntax.self).map {
                $0.questionOrExclamationMark == nil && !$0.isInside(retry.attempt)
            } ?? false
        }) {
            return
        }
        if decidesByError(retry) || file.isDroppedTask(file.code(of: retry.statement)) { return }
        // An attempt whose errors are all of another type never says that it was cancelled.
        if retry.clause != nil, !file.canThrowCancellation(retry.attempt) { return }
        var fixes: [Fix] = []
        if let clause = retry.clause {
            fixes = [
                Fix(
                    title: "let cancellation out", safety: isSafe(retry, in: file) ? .safe : .suggestion,
                    edits: [file.insert(clauseForCancellation(before: clause, in: file), before: clause)])
            ]
        }
        file.report(
            Self.self, at: retry.keyword,
            "a cancelled attempt is tried again; let CancellationError out or check Task.isCancelled",
            notes: [(retry.clause.map { Syntax($0) } ?? retry.attempt, "takes cancellation for a failure")],
            fixes: fixes)
    }

    private func isSafe(_ retry: RetryLoop, in file: FileContext) -> Bool {
        retry.statement.as(DoStmtSyntax.self)?.throwsClause == nil && file.mayThrow(at: retry.statement)
    }

    /// Only a task that is cancelled itself ends: an attempt may fail with the cancellation of something else, and is worth another.
    private func clauseForCancellation(before clause: CatchClauseSyntax, in file: FileContext) -> String {
        let head = "catch is CancellationError where Task.isCancelled {"
        guard let statement = clause.ancestor(DoStmtSyntax.self), !file.sameLine(statement, clause) else {
            return head + " throw CancellationError() } "
        }
        let indentation = file.indentation(of: statement)
        return head + "\n\(indentation)    throw CancellationError()\n\(indentation)} "
    }

    /// Whether a condition in the catch looks at the error itself, or hands it to something that answers.
    private func decidesByError(_ retry: RetryLoop) -> Bool {
        guard let clause = retry.clause else { return false }
        let name =
            clause.catchItems.first?.pattern?.tokens(viewMode: .sourceAccurate).reversed()
            .first { if case .identifier = $0.tokenKind { true } else { false } }?.plainText ?? "error"
        return clause.body.hasOwnLevel { node in
            switch node.kind {
            case .guardStmt: node.cast(GuardStmtSyntax.self).conditions.mentions(name)
            case .ifExpr: node.cast(IfExprSyntax.self).conditions.mentions(name)
            case .switchExpr: node.cast(SwitchExprSyntax.self).subject.mentions(name)
            default: false
            }
        }
    }
}
#endif
