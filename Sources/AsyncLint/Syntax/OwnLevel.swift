#if Lint
import SwiftSyntax

/// What a walk does after a node.
enum Step {
    case into
    case skip
    case stop
}

extension SyntaxProtocol {
    /// Visits the node and what is below it, in source order, tokens left out. `visit` decides for each node whether the
    /// walk goes below it. Returns false when the walk was stopped.
    @discardableResult
    func traverse(_ visit: (Syntax) -> Step) -> Bool {
        let node = Syntax(self)
        switch visit(node) {
        case .stop: return false
        case .skip: return true
        case .into:
            for child in node.children(viewMode: .sourceAccurate) where !child.is(TokenSyntax.self) {
                if !child.traverse(visit) { return false }
            }
            return true
        }
    }

    /// Visits what runs as part of this code itself: it stays out of nested functions, types and closures.
    @discardableResult
    func traverseOwnLevel(_ visit: (Syntax) -> Step) -> Bool {
        let root = id
        return traverse { node in
            if node.id != root, node.isOwnCode { return .skip }
            return visit(node)
        }
    }

    /// Whether something that runs as part of this code itself satisfies the condition.
    func hasOwnLevel(_ condition: (Syntax) -> Bool) -> Bool {
        !traverseOwnLevel { condition($0) ? .stop : .into }
    }

    /// The nearest enclosing node of a type, the node itself left out.
    func ancestor<Node: SyntaxProtocol>(_ type: Node.Type) -> Node? {
        var next = parent
        while let node = next {
            if let found = node.as(type) { return found }
            next = node.parent
        }
        return nil
    }

    /// The `try` that is there for this very expression.
    var ancestorTry: TryExprSyntax? {
        var next = parent
        while let node = next {
            if let found = node.as(TryExprSyntax.self) { return found }
            guard node.is(ExprSyntax.self) || node.is(ExprListSyntax.self), !node.is(ClosureExprSyntax.self) else {
                return nil
            }
            next = node.parent
        }
        return nil
    }

    /// Whether the node is `other` or stands below it.
    func isInside(_ other: some SyntaxProtocol) -> Bool {
        var next: Syntax? = Syntax(self)
        while let node = next {
            if node.id == other.id { return true }
            next = node.parent
        }
        return false
    }

    /// Whether an identifier of one of these names occurs below, at any depth.
    func mentions(_ names: Set<String>) -> Bool {
        for token in tokens(viewMode: .sourceAccurate) {
            switch token.tokenKind {
            case .identifier(let name), .dollarIdentifier(let name):
                if names.contains(name) { return true }
            case .keyword(.self):
                if names.contains("self") { return true }
            default: continue
            }
        }
        return false
    }

    func mentions(_ name: String) -> Bool { mentions([name]) }
}

extension Syntax {
    /// Functions, closures and types: what is below runs on its own.
    var isOwnCode: Bool {
        switch kind {
        case .functionDecl, .initializerDecl, .deinitializerDecl, .closureExpr, .accessorBlock, .subscriptDecl,
            .classDecl, .structDecl, .enumDecl, .actorDecl, .protocolDecl, .extensionDecl:
            true
        default: false
        }
    }
}

extension ExprSyntax {
    /// The expression without `try`, `await`, parentheses, `!` and `?` around it.
    var core: ExprSyntax {
        var expression = self
        while true {
            if let inner = expression.as(TryExprSyntax.self) {
                expression = inner.expression
            } else if let inner = expression.as(AwaitExprSyntax.self) {
                expression = inner.expression
            } else if let inner = expression.as(TupleExprSyntax.self), inner.elements.count == 1,
                let only = inner.elements.first
            {
                expression = only.expression
            } else if let inner = expression.as(ForceUnwrapExprSyntax.self) {
                expression = inner.expression
            } else if let inner = expression.as(OptionalChainingExprSyntax.self) {
                expression = inner.expression
            } else {
                return expression
            }
        }
    }

    var isLiteral: Bool {
        switch kind {
        case .booleanLiteralExpr, .integerLiteralExpr, .stringLiteralExpr, .floatLiteralExpr, .nilLiteralExpr: true
        default: false
        }
    }

    /// The name, when the expression is nothing but one.
    var identifier: String? { self.as(DeclReferenceExprSyntax.self)?.baseName.plainText }
}

extension Trivia {
    var hasComment: Bool {
        pieces.contains { piece in
            switch piece {
            case .lineComment, .blockComment, .docLineComment, .docBlockComment: true
            default: false
            }
        }
    }
}

extension TokenSyntax {
    /// The text without backticks.
    var plainText: String {
        let text = self.text
        return text.first == "`" ? String(text.dropFirst().dropLast()) : text
    }
}
#endif
