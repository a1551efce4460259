#if Lint
import SwiftSyntax

struct ContinuationNotCancellable: CallRule {
    static let words: [String] = ["Continuation", "await"]

    func check(_ call: Call, in file: FileContext) {
        guard let scope = ContinuationScope(call), file.isCoveredByAwait(call.node) else { return }
        // What is resumed before the body ends does not wait.
        let inPlace = scope.resumes.contains { Code.enclosing($0).node.id == scope.closure.id }
        guard !inPlace || scope.escapes else { return }
        if hasHandler(Syntax(call.node)) { return }
        if let limit = limit(around: Syntax(call.node), file) ?? limitOfCaller(call, file) {
            file.report(
                Self.self, at: call.nameToken,
                "cancelling does not reach this continuation, so the time limit is not kept; "
                    + "put withTaskCancellationHandler around it",
                notes: [(limit, "the time limit")])
        } else {
            file.report(
                Self.self, at: call.nameToken, part: Self.anywhere.id,
                "cancelling the task does not reach this continuation; put withTaskCancellationHandler around it")
        }
    }

    private func hasHandler(_ node: Syntax) -> Bool {
        var next = node.parent
        while let here = next {
            if let name = here.call?.name,
                name == "withTaskCancellationHandler" || name == "withTaskCancellationOrGracefulShutdownHandler"
            {
                return true
            }
            if here.is(FunctionDeclSyntax.self) { return false }
            next = here.parent
        }
        return false
    }

    /// The sleeping sibling, or the call named like a time-out, that the task around a node is up against.
    private func limit(around node: Syntax, _ file: FileContext) -> Syntax? {
        var code = file.code(of: node)
        while code.kind == .closure, let (owner, _) = code.node.cast(ClosureExprSyntax.self).owningCall {
            let name = owner.name.lowercased()
            if name.hasPrefix("addtask") || name.hasPrefix("addimmediatetask") {
                return sleepingSibling(of: owner, file)
            }
            if ["timeout", "deadline", "timelimit"].contains(where: { name.contains($0) }),
                file.isCoveredByAwait(owner.node)
            {
                return Syntax(owner.nameToken)
            }
            if file.spawn(owner) != nil { return nil }
            code = file.code(of: owner.node)
        }
        return nil
    }

    private func sleepingSibling(of child: Call, _ file: FileContext) -> Syntax? {
        var next = child.node.parent
        while let here = next {
            if let call = here.call, let scope = TaskGroupScope(call) {
                return scope.spawns.first { $0.node.id != child.node.id && onlySleeps($0, file) }
                    .map { Syntax($0.nameToken) }
            }
            next = here.parent
        }
        return nil
    }

    /// Whether a child sleeps and then does nothing but throw or return.
    private func onlySleeps(_ child: Call, _ file: FileContext) -> Bool {
        guard let items = child.closures.first?.closure.statements, let first = items.first?.item.as(ExprSyntax.self),
            let sleep = Call(first.core), sleep.name == "sleep", file.apis.throwsCancellationOnly(sleep)
        else { return false }
        return items.dropFirst().allSatisfy {
            $0.item.is(ThrowStmtSyntax.self) || $0.item.is(ReturnStmtSyntax.self) || file.onlyNotes($0)
                || $0.item.as(ExprSyntax.self)?.isLiteral == true
        }
    }

    /// The limit that a caller of the function around the continuation is under, in the same file.
    private func limitOfCaller(_ call: Call, _ file: FileContext) -> Syntax? {
        let code = file.code(of: call.node)
        guard let function = code.node.as(FunctionDeclSyntax.self) else { return nil }
        let name = function.name.plainText
        let owner = file.enclosingTypeName(of: function)
        var found: Syntax?
        call.node.root.traverse { node in
            guard let use = node.call, use.name == name, file.isCoveredByAwait(use.node) else { return .into }
            let isOwn = use.isBare || use.base?.core.trimmedDescription == "self"
            guard isOwn ? file.enclosingTypeName(of: use.node) == owner || owner == nil : false else { return .into }
            found = limit(around: node, file)
            return found == nil ? .into : .stop
        }
        return found
    }
}
#endif
