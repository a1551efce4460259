#if Lint
import SwiftSyntax

/// Statements that run as one function: the body of a function, an accessor or a closure, or top-level code.
struct Code {
    enum Kind {
        case function
        case initializer
        case deinitializer
        case accessor
        case closure
        case topLevel
        /// The initial value of a stored property.
        case initialValue
    }

    let node: Syntax
    let kind: Kind

    init?(_ node: Syntax) {
        switch node.kind {
        case .functionDecl: kind = .function
        case .initializerDecl: kind = .initializer
        case .deinitializerDecl: kind = .deinitializer
        case .accessorDecl: kind = .accessor
        case .accessorBlock:
            guard case .getter? = node.as(AccessorBlockSyntax.self)?.accessors else { return nil }
            kind = .accessor
        case .closureExpr: kind = .closure
        case .sourceFile: kind = .topLevel
        case .memberBlock: kind = .initialValue
        default: return nil
        }
        self.node = node
    }

    /// The code a node runs in. A closure is code of its own here; `FileContext.code(of:)` knows those that run in place.
    static func enclosing(_ node: some SyntaxProtocol) -> Code {
        var next = node.parent
        var last = Syntax(node)
        while let candidate = next {
            if let code = Code(candidate) { return code }
            last = candidate
            next = candidate.parent
        }
        return Code(last) ?? Code(node: last)
    }

    private init(node: Syntax) {
        self.node = node
        kind = .topLevel
    }

    /// The statements; nil for a declaration without a body.
    var statements: CodeBlockItemListSyntax? {
        switch kind {
        case .function: node.cast(FunctionDeclSyntax.self).body?.statements
        case .initializer: node.cast(InitializerDeclSyntax.self).body?.statements
        case .deinitializer: node.cast(DeinitializerDeclSyntax.self).body?.statements
        case .accessor:
            if let accessor = node.as(AccessorDeclSyntax.self) {
                accessor.body?.statements
            } else if case .getter(let items)? = node.as(AccessorBlockSyntax.self)?.accessors {
                items
            } else {
                nil
            }
        case .closure: node.cast(ClosureExprSyntax.self).statements
        case .topLevel: node.as(SourceFileSyntax.self)?.statements
        case .initialValue: nil
        }
    }

    /// Whether `async` is written on the declaration or in the closure's signature.
    var saysAsync: Bool {
        switch kind {
        case .function: node.cast(FunctionDeclSyntax.self).signature.effectSpecifiers?.asyncSpecifier != nil
        case .initializer: node.cast(InitializerDeclSyntax.self).signature.effectSpecifiers?.asyncSpecifier != nil
        case .accessor: node.as(AccessorDeclSyntax.self)?.effectSpecifiers?.asyncSpecifier != nil
        case .closure: node.cast(ClosureExprSyntax.self).signature?.effectSpecifiers?.asyncSpecifier != nil
        case .deinitializer, .topLevel, .initialValue: false
        }
    }

    /// Whether the declaration says `throws`. Of a closure it only says whether `throws` is spelled out.
    var saysThrows: Bool {
        switch kind {
        case .function: node.cast(FunctionDeclSyntax.self).signature.effectSpecifiers?.throwsClause != nil
        case .initializer: node.cast(InitializerDeclSyntax.self).signature.effectSpecifiers?.throwsClause != nil
        case .accessor: node.as(AccessorDeclSyntax.self)?.effectSpecifiers?.throwsClause != nil
        case .closure: node.cast(ClosureExprSyntax.self).signature?.effectSpecifiers?.throwsClause != nil
        case .topLevel: true
        case .deinitializer, .initialValue: false
        }
    }

    /// Whether `throws` is plain: any error may leave. `throws(E)` and `rethrows` are not.
    var throwsAnyError: Bool {
        let clause: ThrowsClauseSyntax?
        switch kind {
        case .function: clause = node.cast(FunctionDeclSyntax.self).signature.effectSpecifiers?.throwsClause
        case .initializer: clause = node.cast(InitializerDeclSyntax.self).signature.effectSpecifiers?.throwsClause
        default: return kind == .topLevel
        }
        return clause.map { $0.type == nil && $0.throwsSpecifier.tokenKind == .keyword(.throws) } ?? false
    }

    /// Whether nothing but `Void` can come back.
    var returnsVoid: Bool {
        switch kind {
        case .function:
            guard let type = node.cast(FunctionDeclSyntax.self).signature.returnClause?.type else { return true }
            return ["Void", "()"].contains(type.trimmedDescription)
        case .initializer, .deinitializer, .topLevel: return true
        case .accessor:
            guard let accessor = node.as(AccessorDeclSyntax.self) else { return false }
            return accessor.accessorSpecifier.tokenKind != .keyword(.get)
        case .closure:
            guard let type = node.cast(ClosureExprSyntax.self).signature?.returnClause?.type else { return false }
            return ["Void", "()"].contains(type.trimmedDescription)
        case .initialValue: return false
        }
    }

    /// Whether the code itself suspends: `await`, `for await` or `async let` outside nested functions and closures.
    var suspends: Bool {
        guard let statements else { return false }
        return statements.hasOwnLevel { $0.isSuspension }
    }
}

extension Syntax {
    /// An `await`, a `for await` or an `async let`.
    var isSuspension: Bool {
        switch kind {
        case .awaitExpr: true
        case .forStmt: cast(ForStmtSyntax.self).awaitKeyword != nil
        case .variableDecl: cast(VariableDeclSyntax.self).isAsyncLet
        default: false
        }
    }
}

extension VariableDeclSyntax {
    var isAsyncLet: Bool { modifiers.contains { $0.name.tokenKind == .keyword(.async) } }
}
#endif
