#if Lint
import SwiftSyntax

struct CancelBeforeRegister: CallRule {
    static let words: [String] = ["withTaskCancellationHandler", "Continuation"]

    func check(_ call: Call, in file: FileContext) {
        guard call.isBare, call.name == "withTaskCancellationHandler", file.isCoveredByAwait(call.node),
            let handler = call.closures.first(where: { $0.label == "onCancel" })?.closure,
            let operation = call.closures.first(where: { $0.label != "onCancel" })?.closure
        else { return }
        var continuation: ContinuationScope?
        operation.statements.traverse { node in
            continuation = node.call.flatMap { ContinuationScope($0) }
            return continuation == nil ? .into : .stop
        }
        guard let continuation, continuation.escapes || continuation.name == "$0" else { return }
        let registration = withCallees(of: continuation.closure.statements, in: file)
        let reaction = withCallees(of: handler.statements, in: file)
        guard reaction.contains(where: { resumes($0) }), !reaction.contains(where: { spawns($0, file) }) else { return }
        guard (registration + reaction).contains(where: { locks($0) }) else { return }
        if (registration + reaction).contains(where: { namesCancellation($0) }) { return }
        if reaction.contains(where: { leavesState($0) }) { return }
        // What stands before the continuation in the operation may look as well.
        if operation.statements.contains(where: { $0.mentions(["isCancelled", "checkCancellation"]) }) { return }
        file.report(
            Self.self, at: call.nameToken,
            "a cancellation that comes before the waiter is registered finds nobody, and the waiter hangs; "
                + "look at Task.isCancelled where it is registered",
            notes: [(Syntax(continuation.call.nameToken), "registered here"), (Syntax(handler), "looked for here")])
    }

    /// The statements, and the bodies of functions of the same type, or of the file, that they call.
    private func withCallees(of items: CodeBlockItemListSyntax, in file: FileContext) -> [CodeBlockItemListSyntax] {
        var names: Set<String> = []
        items.traverse { node in
            if let call = node.call, call.isBare || call.base?.core.trimmedDescription.hasPrefix("self") == true {
                names.insert(call.name)
            }
            return .into
        }
        var found = [items]
        guard !names.isEmpty else { return found }
        let owner = file.enclosingTypeName(of: items)
        items.root.traverse { node in
            guard let function = node.as(FunctionDeclSyntax.self), names.contains(function.name.plainText),
                let body = function.body, file.enclosingTypeName(of: function) == owner, !items.isInside(function)
            else { return .into }
            found.append(body.statements)
            return .skip
        }
        return found
    }

    private func resumes(_ items: CodeBlockItemListSyntax) -> Bool {
        !items.traverse { $0.call?.name == "resume" ? .stop : .into }
    }

    private func spawns(_ items: CodeBlockItemListSyntax, _ file: FileContext) -> Bool {
        !items.traverse { node in node.call.flatMap { file.spawn($0) } != nil ? .stop : .into }
    }

    private func locks(_ items: CodeBlockItemListSyntax) -> Bool {
        items.mentions(["withLock", "withLockedValue", "withCriticalRegion", "lock", "withLockUnchecked", "sync"])
    }

    /// Whether something that is named after cancellation, other than the error itself, occurs.
    private func namesCancellation(_ items: CodeBlockItemListSyntax) -> Bool {
        items.tokens(viewMode: .sourceAccurate).contains { token in
            guard case .identifier(let name) = token.tokenKind, name != "CancellationError" else { return false }
            return name.lowercased().contains("cancel")
        }
    }

    /// Whether the handler leaves something behind: an assignment of anything but nil, a defer, an insertion.
    private func leavesState(_ items: CodeBlockItemListSyntax) -> Bool {
        !items.traverse { node in
            if let assignment = Assignment(node), !assignment.isNil { return .stop }
            if node.is(SwitchExprSyntax.self) { return .stop }
            return ["insert", "append", "store"].contains(node.call?.name ?? "") ? .stop : .into
        }
    }
}
#endif
