#if Lint
import SwiftSyntax

struct CancellationShownAsFailure: DoRule {
    static let words: [String] = ["catch", "await"]

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        guard let clause = statement.catchClauses.last, clause.catchesEverything, awaits(statement.body) else { return }
        if statement.catchClauses.contains(where: { looks($0) }) || isFollowedByALook(statement) { return }
        if let loop = Loop.enclosing(statement), loop.observesCancellation { return }
        let name = Self.boundName(of: clause)
        guard let shown = shown(name, in: clause, file) else { return }
        if file.isDroppedTask(file.code(of: statement)) || !file.canThrowCancellation(statement.body) { return }
        if file.speaksOfCancellation(statement) { return }
        // A sleep alone throws for no other reason: the catch is about nothing else.
        if statement.body.statements.count == 1, let only = statement.body.statements.first,
            file.throwsCancellationOnly(Syntax(only.item))
        {
            return
        }
        file.report(
            Self.self, at: clause.catchKeyword,
            "a cancelled task is shown as a failure; catch CancellationError first, or look at Task.isCancelled here",
            notes: [(shown, "what is shown")])
    }

    private func awaits(_ body: CodeBlockSyntax) -> Bool {
        body.hasOwnLevel { node in
            if let loop = node.as(ForStmtSyntax.self) { return loop.tryKeyword != nil && loop.awaitKeyword != nil }
            return node.as(TryExprSyntax.self).map {
                $0.questionOrExclamationMark == nil && $0.hasOwnLevel { $0.is(AwaitExprSyntax.self) }
            } ?? false
        }
    }

    static func boundName(of clause: CatchClauseSyntax) -> String {
        clause.catchItems.first?.pattern?.tokens(viewMode: .sourceAccurate).reversed()
            .first { if case .identifier = $0.tokenKind { true } else { false } }?.plainText ?? "error"
    }

    /// Whether a clause asks for cancellation under any name.
    private func looks(_ clause: CatchClauseSyntax) -> Bool {
        clause.tokens(viewMode: .sourceAccurate).contains { token in
            guard case .identifier(let name) = token.tokenKind else { return false }
            return name.lowercased().contains("cancel")
        }
    }

    private func isFollowedByALook(_ statement: DoStmtSyntax) -> Bool {
        guard let item = statement.parent?.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self)
        else { return false }
        return list.drop { $0.id != item.id }.dropFirst().first?.mentions(CancellationWords.all) ?? false
    }

    /// The assignment of something made of the error to what outlives the function.
    private func shown(_ name: String, in clause: CatchClauseSyntax, _ file: FileContext) -> Syntax? {
        var found: Syntax?
        clause.body.statements.traverse { node in
            if let closure = node.as(ClosureExprSyntax.self) {
                // `await MainActor.run { self.error = error }`
                guard let (call, _) = closure.owningCall, file.apis.runsClosureInPlace(call) else { return .skip }
                return .into
            }
            guard let assignment = Assignment(node), assignment.mentions([name]) else { return .into }
            guard isKept(assignment.target, file) else { return .skip }
            found = node
            return .stop
        }
        return found
    }

    /// Whether a target is a property: `self.x`, a bare name that is no local, or a member of one.
    private func isKept(_ target: ExprSyntax, _ file: FileContext) -> Bool {
        var root = target.core
        while let base = root.as(MemberAccessExprSyntax.self)?.base
            ?? root.as(SubscriptCallExprSyntax.self)?.calledExpression
        {
            root = base.core
        }
        guard let reference = root.as(DeclReferenceExprSyntax.self) else { return false }
        if reference.baseName.tokenKind == .keyword(.self) { return true }
        return file.types.localDeclaration(of: reference.baseName.plainText, at: Syntax(root)) == nil
    }
}
#endif
