#if Lint
import SwiftSyntax

/// Which values have to be kept while a function is suspended: declared before, used after. By names and positions; a loop brings
/// what stands before the suspension in its body after it, too.
enum LiveValues {
    static func across(_ suspension: Syntax, in code: Code, _ file: FileContext) -> [String] {
        guard let statements = code.statements else { return [] }
        let here = suspension.endPosition
        var declared: [(name: String, position: AbsolutePosition, scope: Syntax)] = []
        for name in parameters(of: code) { declared.append((name, code.node.position, code.node)) }
        statements.traverseOwnLevel { node in
            if let pattern = node.as(IdentifierPatternSyntax.self), let scope = scope(of: node),
                !isBoundBy(suspension, node), !isUnboundAt(suspension, node)
            {
                declared.append((pattern.identifier.plainText, node.position, scope))
            }
            if let clause = node.as(CatchClauseSyntax.self), clause.catchItems.isEmpty {
                declared.append(("error", clause.position, node))
            }
            return .into
        }
        let visible = declared.filter { $0.position < suspension.position && suspension.isInside($0.scope) }
        let end = leavingBlock(around: suspension, in: code)
        var loops: [Loop] = []
        var next: Syntax? = suspension.parent
        while let node = next, node.id != code.node.id {
            if let loop = Loop(node),
                suspension.isInside(loop.body) || suspension.isInside(loop.head) || node.id == suspension.id
            {
                loops.append(loop)
            }
            next = node.parent
        }
        if let own = Loop(suspension) { loops.append(own) }
        // Who returns does not go round.
        if let end { loops.removeAll { end.isInside($0.node) } }
        var live: Set<String> = []
        // Members of the own type need `self`, written or not.
        let info = file.enclosingTypeName(of: code.node).flatMap { file.symbols.types[$0] }
        let members = Set(info.map { Array($0.properties.keys) + Array($0.functions.keys) } ?? [])
        let names = Set(visible.map(\.name)).union(["self"]).union(members)
        for token in statements.tokens(viewMode: .sourceAccurate) {
            var text = token.tokenKind == .keyword(.self) ? "self" : token.plainText
            guard names.contains(text), token.parent?.is(DeclReferenceExprSyntax.self) == true else { continue }
            // A member's name is no use of a variable.
            if let access = token.parent?.parent?.as(MemberAccessExprSyntax.self),
                access.declName.id == token.parent?.id
            {
                continue
            }
            if members.contains(text), let use = token.parent,
                file.types.localDeclaration(of: text, at: use) == nil
            {
                text = "self"
            }
            guard text == "self" || visible.contains(where: { $0.name == text }) else { continue }
            if isAlternative(token, to: suspension) { continue }
            // What a `defer` uses is used at the end.
            let comes =
                token.position >= here && (end.map { token.isInside($0) } ?? true)
                || isDeferred(token, before: suspension) || isAssigned(token, after: suspension)
            let comesAgain = loops.contains { loop in
                guard token.isInside(loop.node) else { return false }
                // A `for` asks its sequence once.
                if let statement = loop.node.as(ForStmtSyntax.self), token.isInside(statement.sequence) { return false }
                return text == "self"
                    || visible.contains {
                        $0.name == text && !($0.scope.isInside(loop.body)) && $0.position < loop.node.position
                    }
            }
            if comes || comesAgain { live.insert(text) }
        }
        var order: [String] = []
        for name in ["self"] + visible.map(\.name) where live.contains(name) && !order.contains(name) {
            order.append(name)
        }
        return order
    }

    /// Whether the suspension is part of what gives the name its value.
    private static func isBoundBy(_ suspension: Syntax, _ pattern: Syntax) -> Bool {
        if let binding = pattern.ancestor(PatternBindingSyntax.self), suspension.isInside(binding) { return true }
        if let binding = pattern.ancestor(OptionalBindingConditionSyntax.self), suspension.isInside(binding) {
            return true
        }
        return pattern.ancestor(MatchingPatternConditionSyntax.self).map { suspension.isInside($0) } ?? false
    }

    /// Whether a token is what the suspension's value is stored in: `cache[id] = await load(id)`.
    private static func isAssigned(_ token: TokenSyntax, after suspension: Syntax) -> Bool {
        guard let sequence = suspension.ancestor(SequenceExprSyntax.self),
            sequence.elements.dropFirst().first?.is(AssignmentExprSyntax.self) == true,
            let target = sequence.elements.first
        else { return false }
        return token.isInside(target) && !suspension.isInside(target)
    }

    /// Whether a token stands in another branch of an `if` or `switch` than the suspension: only one of them runs.
    private static func isAlternative(_ token: TokenSyntax, to suspension: Syntax) -> Bool {
        var next = suspension.parent
        while let node = next {
            if let branch = node.as(IfExprSyntax.self), let other = branch.elseBody, suspension.isInside(branch.body),
                token.isInside(other)
            {
                return true
            }
            if let choice = node.as(SwitchCaseSyntax.self), let list = choice.parent, token.isInside(list),
                !token.isInside(choice)
            {
                return true
            }
            next = node.parent
        }
        return false
    }

    /// Whether the name has no value yet, or never gets one, where the suspension is: in the way out of the `guard` that binds it, and
    /// in the sequence of its own `for`.
    private static func isUnboundAt(_ suspension: Syntax, _ pattern: Syntax) -> Bool {
        if let statement = pattern.ancestor(GuardStmtSyntax.self), pattern.isInside(statement.conditions),
            suspension.isInside(statement.body)
        {
            return true
        }
        guard let loop = pattern.ancestor(ForStmtSyntax.self), pattern.isInside(loop.pattern) else { return false }
        return suspension.isInside(loop.sequence)
    }

    /// The innermost block around a suspension that ends with `return` or `throw`: nothing behind it comes after the suspension.
    private static func leavingBlock(around suspension: Syntax, in code: Code) -> Syntax? {
        var next = suspension.parent
        while let node = next, node.id != code.statements?.id {
            if let list = node.as(CodeBlockItemListSyntax.self), let last = list.last?.item,
                last.is(ReturnStmtSyntax.self) || last.is(ThrowStmtSyntax.self)
            {
                return node
            }
            next = node.parent
        }
        return nil
    }

    private static func isDeferred(_ token: TokenSyntax, before suspension: Syntax) -> Bool {
        guard let statement = token.ancestor(DeferStmtSyntax.self),
            let block = statement.ancestor(CodeBlockItemListSyntax.self)
        else { return false }
        return statement.position < suspension.position && suspension.isInside(block)
    }

    private static func parameters(of code: Code) -> [String] {
        let clause =
            code.node.as(FunctionDeclSyntax.self)?.signature.parameterClause
            ?? code.node.as(InitializerDeclSyntax.self)?.signature.parameterClause
        return clause?.parameters.map { ($0.secondName ?? $0.firstName).plainText } ?? []
    }

    /// The piece of code a binding is visible in.
    private static func scope(of pattern: Syntax) -> Syntax? {
        var next = pattern.parent
        while let node = next {
            switch node.kind {
            case .codeBlockItemList: return node
            case .ifExpr, .whileStmt, .forStmt, .switchCase, .catchClause: return node
            default: next = node.parent
            }
        }
        return nil
    }
}
#endif
