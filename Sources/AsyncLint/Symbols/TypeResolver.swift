#if Lint
import SwiftSyntax

/// Finds the type of a receiver by names alone: local bindings and parameters, then members of the enclosing type,
/// then globals. It answers nil rather than guess.
struct TypeResolver {
    let symbols: SymbolTable
    let apis: APITable

    func typeName(of expression: ExprSyntax) -> String? {
        let value = expression.core
        if let reference = value.as(DeclReferenceExprSyntax.self) {
            if reference.baseName.tokenKind == .keyword(.self) { return enclosingType(of: value) }
            if reference.baseName.tokenKind == .keyword(.Self) { return enclosingType(of: value) }
            return type(named: reference.baseName.plainText, at: Syntax(value))
        }
        if let access = value.as(MemberAccessExprSyntax.self), let base = access.base {
            if let known = initialType(of: value) { return known }
            let name = access.declName.baseName.plainText
            guard let owner = typeName(of: base) ?? base.identifier else { return apis.memberTypes[name] }
            return property(name, of: owner) ?? apis.memberTypes[name]
        }
        if let known = initialType(of: value) { return known }
        if let call = Call(value) {
            if let base = call.base {
                guard let owner = typeName(of: base) ?? base.identifier else { return apis.memberTypes[call.name] }
                return common(symbols.types[owner]?.functions[call.name] ?? []) ?? apis.memberTypes[call.name]
            }
            return call.isImplicitMember ? nil : common(symbols.functions[call.name] ?? [])
        }
        return nil
    }

    private func common(_ functions: [SymbolTable.Function]) -> String? {
        guard let first = functions.first?.returnType, functions.allSatisfy({ $0.returnType == first }) else {
            return nil
        }
        return first
    }

    private func property(_ name: String, of type: String) -> String? {
        if let found = symbols.types[type]?.properties[name] { return found }
        for ancestor in symbols.ancestors(of: type) {
            if let found = symbols.types[ancestor]?.properties[name] { return found }
        }
        return nil
    }

    /// The name of the type a node is declared in.
    func enclosingType(of node: some SyntaxProtocol) -> String? {
        var next = node.parent
        while let candidate = next {
            switch candidate.kind {
            case .classDecl: return candidate.cast(ClassDeclSyntax.self).name.plainText
            case .structDecl: return candidate.cast(StructDeclSyntax.self).name.plainText
            case .enumDecl: return candidate.cast(EnumDeclSyntax.self).name.plainText
            case .actorDecl: return candidate.cast(ActorDeclSyntax.self).name.plainText
            case .protocolDecl: return candidate.cast(ProtocolDeclSyntax.self).name.plainText
            case .extensionDecl: return plainTypeName(candidate.cast(ExtensionDeclSyntax.self).extendedType)
            default: next = candidate.parent
            }
        }
        return nil
    }

    /// The local declaration of a name that is visible at a node: a binding, a parameter or a function.
    func localDeclaration(of name: String, at node: Syntax) -> Syntax? {
        var child = node
        var next = node.parent
        while let scope = next {
            switch scope.kind {
            case .codeBlockItemList:
                for item in scope.cast(CodeBlockItemListSyntax.self) {
                    if item.id == child.id { break }
                    if let found = binding(of: name, in: Syntax(item.item)) { return found }
                }
                // Local functions are visible before they are written.
                for item in scope.cast(CodeBlockItemListSyntax.self) {
                    if let function = item.item.as(FunctionDeclSyntax.self), function.name.plainText == name,
                        function.parent?.parent?.parent?.is(SourceFileSyntax.self) != true
                    {
                        return Syntax(function)
                    }
                }
            case .conditionElementList:
                for element in scope.cast(ConditionElementListSyntax.self) {
                    if element.id == child.id { break }
                    if let found = binding(of: name, in: Syntax(element)) { return found }
                }
            case .ifExpr, .whileStmt:
                let conditions = scope.as(IfExprSyntax.self)?.conditions ?? scope.as(WhileStmtSyntax.self)?.conditions
                if let conditions, child.id != conditions.id, scope.as(IfExprSyntax.self)?.elseBody?.id != child.id {
                    for element in conditions {
                        if let found = binding(of: name, in: Syntax(element)) { return found }
                    }
                }
            case .forStmt:
                let loop = scope.cast(ForStmtSyntax.self)
                if child.id != loop.sequence.id, loop.pattern.mentions(name) { return Syntax(loop) }
            case .switchCase, .catchClause:
                if scope.firstPatternMentions(name) { return scope }
            case .functionDecl:
                for parameter in scope.cast(FunctionDeclSyntax.self).signature.parameterClause.parameters
                where (parameter.secondName ?? parameter.firstName).plainText == name {
                    return Syntax(parameter)
                }
            case .initializerDecl:
                for parameter in scope.cast(InitializerDeclSyntax.self).signature.parameterClause.parameters
                where (parameter.secondName ?? parameter.firstName).plainText == name {
                    return Syntax(parameter)
                }
            case .closureExpr:
                if let found = parameter(name, of: scope.cast(ClosureExprSyntax.self)) { return found }
            default: break
            }
            child = scope
            next = scope.parent
        }
        return nil
    }

    private func parameter(_ name: String, of closure: ClosureExprSyntax) -> Syntax? {
        for capture in closure.signature?.capture?.items ?? []
        where capture.boundName == name {
            return Syntax(capture)
        }
        switch closure.signature?.parameterClause {
        case .simpleInput(let list):
            return list.first { $0.name.plainText == name }.map { Syntax($0) }
        case .parameterClause(let clause):
            return clause.parameters.first { ($0.secondName ?? $0.firstName).plainText == name }.map { Syntax($0) }
        case nil: return nil
        }
    }

    private func binding(of name: String, in item: Syntax) -> Syntax? {
        if let variable = item.as(VariableDeclSyntax.self) {
            return variable.bindings.first { $0.pattern.mentions(name) }.map { Syntax($0) }
        }
        if let statement = item.as(GuardStmtSyntax.self) {
            for element in statement.conditions {
                if let found = binding(of: name, in: Syntax(element)) { return found }
            }
        }
        if let element = item.as(ConditionElementSyntax.self) {
            if let optional = element.condition.as(OptionalBindingConditionSyntax.self),
                optional.pattern.mentions(name)
            {
                return Syntax(optional)
            }
            if let match = element.condition.as(MatchingPatternConditionSyntax.self), match.pattern.mentions(name) {
                return Syntax(match)
            }
        }
        return nil
    }

    private func type(named name: String, at node: Syntax) -> String? {
        if let local = localDeclaration(of: name, at: node) { return type(ofLocal: local, named: name) }
        if let owner = enclosingType(of: node), let known = symbols.types[owner] {
            if known.properties[name] != nil { return property(name, of: owner) }
            if let inherited = property(name, of: owner) { return inherited }
        }
        return symbols.globals[name] ?? nil
    }

    private func type(ofLocal declaration: Syntax, named name: String) -> String? {
        if let binding = declaration.as(PatternBindingSyntax.self) {
            guard binding.pattern.is(IdentifierPatternSyntax.self) else { return nil }
            if let type = binding.typeAnnotation?.type { return plainTypeName(type) }
            guard let value = binding.initializer?.value, !value.mentions(name) || initialType(of: value) != nil else {
                return nil
            }
            return typeName(of: value)
        }
        if let parameter = declaration.as(FunctionParameterSyntax.self) { return plainTypeName(parameter.type) }
        if let parameter = declaration.as(ClosureParameterSyntax.self) { return parameter.type.flatMap(plainTypeName) }
        if let optional = declaration.as(OptionalBindingConditionSyntax.self) {
            if let type = optional.typeAnnotation?.type { return plainTypeName(type) }
            if let value = optional.initializer?.value {
                return value.identifier == name ? type(named: name, above: declaration) : typeName(of: value)
            }
            return type(named: name, above: declaration)
        }
        return nil
    }

    /// The type of an outer declaration that `declaration` shadows, as in `if let x = x`.
    private func type(named name: String, above declaration: Syntax) -> String? {
        var scope: Syntax? = declaration
        while let next = scope, !next.is(CodeBlockItemSyntax.self) { scope = next.parent }
        guard let item = scope else { return nil }
        return type(named: name, at: item)
    }
}

extension Syntax {
    fileprivate func firstPatternMentions(_ name: String) -> Bool {
        if let branch = self.as(SwitchCaseSyntax.self) {
            return branch.label.as(SwitchCaseLabelSyntax.self)?.caseItems.contains { $0.pattern.mentions(name) }
                ?? false
        }
        if let clause = self.as(CatchClauseSyntax.self) {
            if clause.catchItems.isEmpty { return name == "error" }
            return clause.catchItems.contains { $0.pattern?.mentions(name) ?? false }
        }
        return false
    }
}

extension ClosureCaptureSyntax {
    /// The name of `name = value`; nil for `value` alone. The members that say so differ between versions of swift-syntax.
    fileprivate var boundName: String? {
        let tokens = Array(tokens(viewMode: .sourceAccurate))
        guard let equal = tokens.firstIndex(where: { $0.tokenKind == .equal }), equal > 0 else { return nil }
        return tokens[equal - 1].plainText
    }
}
#endif
