#if Lint
import SwiftSyntax

/// `target = value`, as the parser leaves it: operators are not folded.
struct Assignment {
    let target: ExprSyntax
    let value: [ExprSyntax]

    init?(_ node: Syntax) {
        guard let parts = node.as(SequenceExprSyntax.self)?.elements.map({ $0 }), parts.count >= 3,
            parts[1].is(AssignmentExprSyntax.self), !parts[0].is(DiscardAssignmentExprSyntax.self)
        else { return nil }
        target = parts[0]
        value = Array(parts[2...])
    }

    /// The only operand on the right.
    var single: ExprSyntax? { value.count == 1 ? value[0] : nil }

    var isNil: Bool { single?.is(NilLiteralExprSyntax.self) ?? false }

    func mentions(_ names: Set<String>) -> Bool { value.contains { $0.mentions(names) } }
}

extension Syntax {
    /// The node as a call.
    var call: Call? { self.as(FunctionCallExprSyntax.self).flatMap { Call($0) } }
}
#endif
