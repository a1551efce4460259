#if Lint
import SwiftSyntax

struct StreamNeverFinished: DoRule {
    static let words: [String] = ["finish", "catch"]

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        guard !statement.catchClauses.isEmpty else { return }
        var finished: [String: Syntax] = [:]
        statement.body.traverseOwnLevel { node in
            if let call = node.call, call.name == "finish", let base = call.base, let name = base.ownName,
                isStream(base.core, file)
            {
                finished[name] = node
            }
            return .into
        }
        // A loop around it goes on, and may finish later.
        guard !finished.isEmpty, Loop.enclosing(statement) == nil else { return }
        for (name, site) in finished.sorted(by: { $0.key < $1.key }) {
            guard let clause = statement.catchClauses.first(where: { !$0.body.mentions(name) && !leavesByError($0) })
            else { continue }
            if finishesElsewhere(name, statement, in: file) { continue }
            file.report(
                Self.self, at: statement,
                "when this fails nobody finishes '\(name)', and its reader waits for ever; finish it in the catch too",
                notes: [(site, "finished here"), (Syntax(clause.catchKeyword), "and not here")])
            return
        }
    }

    private func leavesByError(_ clause: CatchClauseSyntax) -> Bool {
        clause.body.statements.last?.item.is(ThrowStmtSyntax.self) ?? false
    }

    /// Whether a value is the continuation of a stream: by its type, or because the same code yields to it.
    private func isStream(_ base: ExprSyntax, _ file: FileContext) -> Bool {
        guard let name = base.ownName else { return false }
        if file.types.typeName(of: base) == "Continuation" { return true }
        guard let statements = file.code(of: base).statements else { return false }
        return !statements.traverse { node in
            guard let call = node.call, call.name == "yield", call.base?.ownName == name else { return .into }
            return .stop
        }
    }

    /// Whether the same code, or the code around it, finishes the stream behind the `do` or in a `defer`.
    private func finishesElsewhere(_ name: String, _ statement: DoStmtSyntax, in file: FileContext) -> Bool {
        var code = Code.enclosing(statement)
        while true {
            let found = code.statements?.traverse { node in
                if node.id == statement.id { return .skip }
                guard let call = node.call, call.name == "finish", call.base?.ownName == name else { return .into }
                let isDeferred = node.ancestor(DeferStmtSyntax.self) != nil
                return isDeferred || node.position > statement.position ? .stop : .into
            }
            if found == false { return true }
            guard code.kind == .closure, let (owner, _) = code.node.cast(ClosureExprSyntax.self).owningCall else {
                return false
            }
            code = Code.enclosing(owner.node)
        }
    }
}
#endif
