#if Lint
import SwiftSyntax

/// A loop of any of Swift's four kinds.
struct Loop {
    enum Kind {
        case whileLoop(ConditionElementListSyntax)
        case repeatLoop(ExprSyntax)
        case forIn(ForStmtSyntax)
        case forAwait(ForStmtSyntax)
    }

    let node: Syntax
    let kind: Kind
    let body: CodeBlockSyntax

    init?(_ node: Syntax) {
        if let loop = node.as(WhileStmtSyntax.self) {
            kind = .whileLoop(loop.conditions)
            body = loop.body
        } else if let loop = node.as(RepeatStmtSyntax.self) {
            kind = .repeatLoop(loop.condition)
            body = loop.body
        } else if let loop = node.as(ForStmtSyntax.self) {
            kind = loop.awaitKeyword == nil ? .forIn(loop) : .forAwait(loop)
            body = loop.body
        } else {
            return nil
        }
        self.node = node
    }

    /// The loop a node is repeated by, within its own code.
    static func enclosing(_ node: some SyntaxProtocol) -> Loop? {
        var child = Syntax(node)
        var next = node.parent
        while let candidate = next {
            if candidate.isOwnCode { return nil }
            if let loop = Loop(candidate), child.isInside(loop.body) { return loop }
            child = candidate
            next = candidate.parent
        }
        return nil
    }

    /// The `while`, `repeat` or `for` token.
    var keyword: TokenSyntax { node.firstToken(viewMode: .sourceAccurate)! }

    /// The head's condition or sequence.
    var head: Syntax {
        switch kind {
        case .whileLoop(let conditions): Syntax(conditions)
        case .repeatLoop(let condition): Syntax(condition)
        case .forIn(let loop), .forAwait(let loop): Syntax(loop.sequence)
        }
    }

    /// `while true` and `repeat … while true`.
    var isForever: Bool {
        switch kind {
        case .whileLoop(let conditions):
            conditions.count == 1 && conditions.first?.condition.as(ExprSyntax.self)?.core.trimmedDescription == "true"
        case .repeatLoop(let condition): condition.core.trimmedDescription == "true"
        case .forIn(let loop):
            // `for _ in 0...`
            loop.whereClause == nil
                && loop.sequence.core.as(PostfixOperatorExprSyntax.self)?.operator.text == "..."
        case .forAwait: false
        }
    }

    var isForAwait: Bool {
        if case .forAwait = kind { true } else { false }
    }

    var label: String? { node.parent?.as(LabeledStmtSyntax.self)?.label.plainText }

    /// Whether control can leave from within the body: `return`, `throw`, a `break` of this loop, or an error nobody catches here.
    var canExit: Bool { exits(below: Syntax(body), breaksBelongHere: true) }

    private func exits(below node: Syntax, breaksBelongHere: Bool) -> Bool {
        var found = false
        node.traverseOwnLevel { part in
            guard part.id != node.id else { return .into }
            if part.is(ReturnStmtSyntax.self) {
                found = true
            } else if let jump = part.as(BreakStmtSyntax.self) {
                found = jump.label == nil ? breaksBelongHere : jump.label!.plainText == label
            } else if breaksBelongHere, Loop(part) != nil || part.is(SwitchExprSyntax.self) {
                found = exits(below: part, breaksBelongHere: false)
                return found ? .stop : .skip
            }
            return found ? .stop : .into
        }
        return found || (breaksBelongHere && !ErrorFlow.escapes(from: body.statements).isEmpty)
    }

    /// Whether the loop looks at cancellation, in its head or in its own code.
    var observesCancellation: Bool {
        head.mentions(CancellationWords.all) || body.hasOwnLevel(CancellationWords.matches)
    }
}

/// The names by which code looks at cancellation.
enum CancellationWords {
    static let all: Set<String> = [
        "isCancelled", "checkCancellation", "CancellationError", "isCancellationRequested",
        "throwIfCancellationRequested", "isShuttingDownGracefully", "cancelOnGracefulShutdown",
    ]

    static func matches(_ node: Syntax) -> Bool {
        guard let reference = node.as(DeclReferenceExprSyntax.self) else {
            return node.as(IdentifierTypeSyntax.self).map { all.contains($0.name.plainText) } ?? false
        }
        return all.contains(reference.baseName.plainText)
    }
}
#endif
