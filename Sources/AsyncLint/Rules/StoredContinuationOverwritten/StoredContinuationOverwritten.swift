#if Lint
import SwiftSyntax

struct StoredContinuationOverwritten: TypeRule {
    static let words: [String] = ["Continuation", "await"]

    func check(_ type: TypeScope, in file: FileContext) {
        guard !type.node.is(StructDeclSyntax.self), !isForOneCall(type) else { return }
        for kept in type.storedContinuations where kept.isSlot {
            for function in type.functions where isCalledAgain(function, type) {
                guard let site = store(kept, in: function), !looks(kept, function, site) else { continue }
                file.report(
                    Self.self, at: site,
                    "a caller who still waits in '\(kept.name)' is overwritten and hangs; refuse the second, or resume the first",
                    notes: [(Syntax(kept.property.node), "there is room for one")])
            }
        }
    }

    /// The assignment in the body of a `with…Continuation`.
    private func store(_ kept: StoredContinuation, in function: TypeScope.Function) -> Syntax? {
        var found: Syntax?
        function.body.traverse { node in
            guard let scope = node.call.flatMap({ ContinuationScope($0) }), let name = scope.name else { return .into }
            scope.closure.statements.traverse { part in
                guard let assignment = Assignment(part), assignment.target.ownName == kept.name,
                    assignment.single?.core.identifier == name
                else { return .into }
                found = part
                return .stop
            }
            return .skip
        }
        return found
    }

    /// Whether the function mentions the property otherwise, or calls a function of the type that does.
    private func looks(_ kept: StoredContinuation, _ function: TypeScope.Function, _ site: Syntax) -> Bool {
        let mentions = !function.body.traverse { node in
            if node.id == site.id { return .skip }
            return node.as(DeclReferenceExprSyntax.self)?.baseName.plainText == kept.name
                || node.as(IdentifierPatternSyntax.self)?.identifier.plainText == kept.name ? .stop : .into
        }
        return mentions
            || !function.body.traverse { node in
                guard let call = node.call else { return .into }
                return kept.type.functions(called: call).contains { other in
                    other.node.id != function.node.id && other.body.mentions(kept.name)
                } ? .stop : .into
            }
    }

    private func isCalledAgain(_ function: TypeScope.Function, _ type: TypeScope) -> Bool {
        guard function.isPrivate else { return true }
        var calls = 0
        for other in type.functions where other.node.id != function.node.id {
            other.body.traverse { node in
                if node.call?.name == function.name { calls += 1 }
                return .into
            }
        }
        return calls >= 2
    }

    /// Whether an object of the type lives for one call: it is private to the file or to a function, or is made inside functions only.
    private func isForOneCall(_ type: TypeScope) -> Bool {
        let modifiers = type.node.asProtocol((any DeclGroupSyntax).self)?.modifiers
        if modifiers?.has(.private) == true || modifiers?.has(.fileprivate) == true { return true }
        if type.node.ancestor(CodeBlockSyntax.self) != nil { return true }
        var made = 0
        var kept = 0
        type.node.root.traverse { node in
            guard let call = node.call, call.isBare, call.name == type.name else { return .into }
            made += 1
            let isStored = Assignment(call.node.parent?.parent ?? node) != nil
            if isStored || Code.enclosing(node).kind == .initialValue { kept += 1 }
            return .into
        }
        return made > 0 && kept == 0
    }
}
#endif
