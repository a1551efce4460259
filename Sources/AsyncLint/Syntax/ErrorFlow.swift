#if Lint
import SwiftSyntax

/// Which errors leave a piece of code, as far as syntax tells: every `try` and `throw` outside nested functions and closures
/// that no exhaustive `catch` of the same code stops.
enum ErrorFlow {
    static func escapes(from items: some SyntaxProtocol) -> [Syntax] {
        var found: [Syntax] = []
        collect(Syntax(items), into: &found)
        return found
    }

    private static func collect(_ root: Syntax, into found: inout [Syntax]) {
        root.traverseOwnLevel { node in
            if let statement = node.as(DoStmtSyntax.self) {
                if !statement.catchesEverything { collect(Syntax(statement.body), into: &found) }
                for clause in statement.catchClauses { collect(Syntax(clause.body), into: &found) }
                return .skip
            }
            if let expression = node.as(TryExprSyntax.self) {
                if expression.questionOrExclamationMark == nil { found.append(node) }
                return .skip
            }
            if node.is(ThrowStmtSyntax.self) { found.append(node) }
            if let loop = node.as(ForStmtSyntax.self), loop.tryKeyword != nil { found.append(Syntax(loop)) }
            return .into
        }
    }
}

extension CodeBlockItemSyntax {
    /// `_ = name`: nothing happens.
    var isDiscard: Bool {
        guard let parts = item.as(SequenceExprSyntax.self)?.elements, parts.count == 3,
            parts.first?.is(DiscardAssignmentExprSyntax.self) == true
        else { return false }
        return parts.last?.is(DeclReferenceExprSyntax.self) ?? false
    }
}

extension DoStmtSyntax {
    /// Whether some clause takes every error: `catch`, `catch let e`, `catch let e as any Error`. `catch is X` does not.
    var catchesEverything: Bool { catchClauses.contains { $0.catchesEverything } }
}

extension CatchClauseSyntax {
    var catchesEverything: Bool {
        if catchItems.isEmpty { return true }
        return catchItems.contains { item in
            guard item.whereClause == nil, let pattern = item.pattern else { return false }
            if Self.isBinding(pattern) { return true }
            switch pattern.kind {
            case .wildcardPattern: return true
            case .expressionPattern: return pattern.trimmedDescription == "_"
            case .valueBindingPattern:
                let bound = pattern.cast(ValueBindingPatternSyntax.self).pattern
                if bound.is(IdentifierPatternSyntax.self) { return true }
                let text = bound.trimmedDescription
                // `let e` alone parses as an expression pattern inside the binding.
                if text.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) { return true }
                return text.hasSuffix(" as Error") || text.hasSuffix(" as any Error")
                    || text.hasSuffix(" as Swift.Error")
            default: return false
            }
        }
    }

    /// `catch (let e)` is `catch let e`.
    private static func isBinding(_ pattern: PatternSyntax) -> Bool {
        let text = pattern.trimmedDescription
        guard text.hasPrefix("("), text.hasSuffix(")") else { return false }
        let parts = text.dropFirst().dropLast().split(separator: " ")
        return parts.count == 2 && ["let", "var"].contains(parts[0])
            && parts[1].allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }
}
#endif
