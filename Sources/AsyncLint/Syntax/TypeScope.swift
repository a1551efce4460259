#if Lint
import SwiftSyntax

/// A class, structure, actor or enumeration, with its extensions in the same file.
struct TypeScope {
    /// A function of the type, its initializers, accessors and `deinit` included.
    struct Function {
        let node: Syntax
        let name: String
        let body: CodeBlockItemListSyntax
        let modifiers: DeclModifierListSyntax

        var isPrivate: Bool { modifiers.has(.private) || modifiers.has(.fileprivate) }
    }

    /// A stored property.
    struct Property {
        let node: PatternBindingSyntax
        let declaration: VariableDeclSyntax
        let name: String
        let type: TypeSyntax?

        var isVariable: Bool { declaration.bindingSpecifier.tokenKind == .keyword(.var) }
        var isStatic: Bool { declaration.modifiers.has(.static) || declaration.modifiers.has(.class) }
    }

    let node: Syntax
    let name: String
    let nameToken: TokenSyntax
    let inheritance: InheritanceClauseSyntax?
    let attributes: AttributeListSyntax
    private(set) var functions: [Function] = []
    private(set) var properties: [Property] = []

    init?(_ node: Syntax) {
        guard let group = node.asProtocol((any DeclGroupSyntax).self) else { return nil }
        switch node.kind {
        case .classDecl: nameToken = node.cast(ClassDeclSyntax.self).name
        case .structDecl: nameToken = node.cast(StructDeclSyntax.self).name
        case .actorDecl: nameToken = node.cast(ActorDeclSyntax.self).name
        case .enumDecl: nameToken = node.cast(EnumDeclSyntax.self).name
        default: return nil
        }
        self.node = node
        name = nameToken.plainText
        inheritance = group.inheritanceClause
        attributes = group.attributes
        collect(group.memberBlock.members)
        for item in node.root.as(SourceFileSyntax.self)?.statements ?? [] {
            if let more = item.item.as(ExtensionDeclSyntax.self), plainTypeName(more.extendedType) == name {
                collect(more.memberBlock.members)
            }
        }
    }

    private mutating func collect(_ members: MemberBlockItemListSyntax) {
        for member in members {
            let node = Syntax(member.decl)
            switch node.kind {
            case .functionDecl:
                let function = node.cast(FunctionDeclSyntax.self)
                add(node, function.name.plainText, function.body, function.modifiers)
            case .initializerDecl:
                let function = node.cast(InitializerDeclSyntax.self)
                add(node, "init", function.body, function.modifiers)
            case .deinitializerDecl:
                let function = node.cast(DeinitializerDeclSyntax.self)
                add(node, "deinit", function.body, function.modifiers)
            case .variableDecl: collect(node.cast(VariableDeclSyntax.self))
            case .ifConfigDecl:
                for clause in node.cast(IfConfigDeclSyntax.self).clauses {
                    if case .decls(let members)? = clause.elements { collect(members) }
                }
            default: continue
            }
        }
    }

    private mutating func collect(_ declaration: VariableDeclSyntax) {
        var annotation: TypeSyntax?
        var found: [Property] = []
        for binding in declaration.bindings.reversed() {
            annotation = binding.typeAnnotation?.type ?? annotation
            guard let name = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText else { continue }
            switch binding.accessorBlock?.accessors {
            case .getter(let items)?:
                functions.append(
                    Function(
                        node: Syntax(binding.accessorBlock!), name: name, body: items, modifiers: declaration.modifiers)
                )
            case .accessors(let list)?:
                for accessor in list { add(Syntax(accessor), name, accessor.body, declaration.modifiers) }
            case nil: break
            }
            if binding.accessorBlock?.computes == true { continue }
            found.append(Property(node: binding, declaration: declaration, name: name, type: annotation))
        }
        properties += found.reversed()
    }

    private mutating func add(
        _ node: Syntax, _ name: String, _ body: CodeBlockSyntax?, _ modifiers: DeclModifierListSyntax
    ) {
        guard let body else { return }
        functions.append(Function(node: node, name: name, body: body.statements, modifiers: modifiers))
    }

    /// The type's own functions of that name that a call without a receiver, or on `self`, may mean.
    func functions(called call: Call) -> [Function] {
        guard call.isBare || call.base?.core.trimmedDescription == "self" else { return [] }
        return functions.filter { $0.name == call.name && $0.node.is(FunctionDeclSyntax.self) }
    }
}

extension ExprSyntax {
    /// The name of `name` and `self.name`; nil for anything else.
    var ownName: String? {
        let value = core
        if let access = value.as(MemberAccessExprSyntax.self) {
            guard
                access.base?.as(DeclReferenceExprSyntax.self)?.baseName.tokenKind == .keyword(.self)
                    || access.base?.core.identifier == "self"
            else { return nil }
            return access.declName.baseName.plainText
        }
        return value.identifier
    }
}
#endif
