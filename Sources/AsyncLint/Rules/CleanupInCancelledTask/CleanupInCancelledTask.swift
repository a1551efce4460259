#if Lint
import SwiftSyntax

struct CleanupInCancelledTask: DoRule {
    static let words: [String] = ["catch", "await"]

    private static let names = [
        "rollback", "close", "release", "remove", "delete", "shutdown", "cleanup", "teardown", "disconnect", "unlock",
        "abort", "stop", "terminate", "destroy", "dispose", "revert", "discard",
    ]

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        guard let clause = statement.catchClauses.last, clause.catchesEverything,
            !statement.catchClauses.contains(where: { $0.mentions(CancellationWords.all) }),
            statement.body.hasOwnLevel({ $0.is(AwaitExprSyntax.self) }),
            clause.body.statements.last?.item.is(ThrowStmtSyntax.self) == true
        else { return }
        clause.body.traverseOwnLevel { node in
            guard let expression = node.as(AwaitExprSyntax.self) else { return .into }
            guard let call = Call(expression.expression.core),
                Self.names.contains(where: { call.name.lowercased().contains($0) })
            else { return .skip }
            file.report(
                Self.self, at: expression,
                "when the task was cancelled, this cleanup is cancelled too; await it in a task of its own")
            return .stop
        }
    }
}
#endif
