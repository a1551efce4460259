#if Lint
import SwiftSyntax

struct StoredContinuationOverwritten: TypeRule {
    static let words: [String] = ["Continuation", "await"]

    func check(_ type: TypeScope, in file: FileContext) {
        guard !type.node.is(StructDeclSyntax.self), !type.isForOneCall else { return }
        var found: [(kept: StoredContinuation, site: Syntax)] = []
        for kept in type.storedContinuations where kept.isSlot {
            for function in type.functions where isCalledAgain(function, type) {
                if let site = store(kept, in: function), !looks(kept, function, site) { found.append((kept, site)) }
            }
        }
        // A type that does it once does it everywhere: that is one thing to mend.
        guard let first = found.first else { return }
        let others = Set(found.map(\.kept.name)).subtracting([first.kept.name]).sorted()
        let names = others.isEmpty ? "" : " (and so in \(others.map { "'\($0)'" }.joined(separator: ", ")))"
        file.report(
            Self.self, at: first.site,
            "a caller who still waits in '\(first.kept.name)' is overwritten and hangs\(names); "
                + "refuse the second, or resume the first",
            notes: [(Syntax(first.kept.property.node), "there is room for one")]
                + found.dropFirst().map { ($0.site, "here too") })
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
}
#endif
