#if Lint
import SwiftSyntax

/// The first pass over one file: declarations only, bodies of functions are not entered.
struct SymbolCollector {
    private(set) var table = SymbolTable()
    /// Synchronous functions with their place in the table, for ``findParkingFunctions(path:source:apis:)``.
    private var synchronous: [(declaration: FunctionDeclSyntax, type: String?, index: Int)] = []

    init(_ tree: SourceFileSyntax) {
        for item in tree.statements { collect(Syntax(item.item), in: nil) }
    }

    private mutating func collect(_ node: Syntax, in type: String?) {
        switch node.kind {
        case .classDecl:
            let declaration = node.cast(ClassDeclSyntax.self)
            add(declaration, name: declaration.name.plainText, kind: .classType)
        case .structDecl:
            let declaration = node.cast(StructDeclSyntax.self)
            add(declaration, name: declaration.name.plainText, kind: .structType)
        case .enumDecl:
            let declaration = node.cast(EnumDeclSyntax.self)
            add(declaration, name: declaration.name.plainText, kind: .enumType)
        case .actorDecl:
            let declaration = node.cast(ActorDeclSyntax.self)
            add(declaration, name: declaration.name.plainText, kind: .actorType)
        case .protocolDecl:
            let declaration = node.cast(ProtocolDeclSyntax.self)
            add(declaration, name: declaration.name.plainText, kind: .protocolType)
        case .extensionDecl:
            let declaration = node.cast(ExtensionDeclSyntax.self)
            if let name = plainTypeName(declaration.extendedType) { add(declaration, name: name, kind: nil) }
        case .functionDecl:
            let declaration = node.cast(FunctionDeclSyntax.self)
            let function = Self.function(declaration)
            add(function, to: type)
            if !function.isAsync, declaration.body != nil {
                let list = type.map { table.types[$0]?.functions[function.name] } ?? table.functions[function.name]
                synchronous.append((declaration, type, (list?.count ?? 1) - 1))
            }
        case .initializerDecl:
            let declaration = node.cast(InitializerDeclSyntax.self)
            add(
                SymbolTable.Function(
                    name: "init", parameters: Self.parameters(declaration.signature.parameterClause),
                    isAsync: declaration.signature.effectSpecifiers?.asyncSpecifier != nil,
                    isThrowing: declaration.signature.effectSpecifiers?.throwsClause != nil,
                    isOverride: declaration.modifiers.has(.override), returnType: type,
                    isolation: Self.isolation(declaration.attributes, declaration.modifiers)), to: type)
        case .variableDecl:
            add(node.cast(VariableDeclSyntax.self), to: type)
        case .ifConfigDecl:
            for clause in node.cast(IfConfigDeclSyntax.self).clauses {
                switch clause.elements {
                case .statements(let items): for item in items { collect(Syntax(item.item), in: type) }
                case .decls(let members): for member in members { collect(Syntax(member.decl), in: type) }
                default: continue
                }
            }
        default: return
        }
    }

    private mutating func add(_ group: some DeclGroupSyntax, name: String, kind: SymbolTable.TypeInfo.Kind?) {
        var info = table.types[name] ?? SymbolTable.TypeInfo()
        info.kind = info.kind ?? kind
        for inherited in group.inheritanceClause?.inheritedTypes ?? [] {
            for part in Self.parts(of: inherited.type) { info.inherits.insert(part) }
        }
        for case .attribute(let attribute) in group.attributes {
            if let name = plainTypeName(attribute.attributeName) { info.attributes.insert(name) }
        }
        if info.isolation == .none {
            info.isolation = kind == .actorType ? .instance : Self.isolation(group.attributes, group.modifiers)
        }
        table.types[name] = info
        for member in group.memberBlock.members { collect(Syntax(member.decl), in: name) }
    }

    /// Notes which synchronous functions park their thread by a call of their own: asynchronous code that calls them parks it too.
    mutating func findParkingFunctions(path: String, source: SourceText, apis: APITable) {
        // A short critical section on a queue is a lock.
        let names = apis.parkingNames.subtracting(["sync", "asyncAndWait"])
        var context: FileContext?
        for (declaration, type, index) in synchronous {
            guard let body = declaration.body else { continue }
            let calls = OwnCalls(named: names)
            calls.walk(body)
            guard !calls.found.isEmpty else { continue }
            let file =
                context
                ?? FileContext(
                    path: path, source: source, symbols: table, apis: apis,
                    settings: RuleSettings(severities: [:], options: [:], toolchain: .current))
            context = file
            let parks = calls.found.first { BlockingCallInAsync.parks($0, in: file) }.map { call in
                let line = source.position(call.node.positionAfterSkippingLeadingTrivia.utf8Offset).line
                return "'\(call.name)' in \(path.split(separator: "/").last ?? ""):\(line)"
            }
            guard let parks else { continue }
            let name = declaration.name.plainText
            if let type {
                table.types[type]?.functions[name]?[index].parks = parks
            } else {
                table.functions[name]?[index].parks = parks
            }
        }
    }

    private static func parts(of type: TypeSyntax) -> [String] {
        if let composition = type.as(CompositionTypeSyntax.self) {
            return composition.elements.flatMap { parts(of: $0.type) }
        }
        if type.is(SuppressedTypeSyntax.self) { return [] }
        return plainTypeName(type).map { [$0] } ?? []
    }

    private mutating func add(_ function: SymbolTable.Function, to type: String?) {
        if let type {
            table.types[type]?.functions[function.name, default: []].append(function)
        } else {
            table.functions[function.name, default: []].append(function)
        }
    }

    private mutating func add(_ declaration: VariableDeclSyntax, to type: String?) {
        var annotation: TypeSyntax?
        // In `var a, b: Int` the annotation stands on the last binding.
        for binding in declaration.bindings.reversed() {
            annotation = binding.typeAnnotation?.type ?? annotation
            guard let name = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText else { continue }
            let found = annotation.flatMap(plainTypeName) ?? binding.initializer.flatMap { initialType(of: $0.value) }
            guard let type else {
                table.globals.updateValue(found, forKey: name)
                continue
            }
            if let known = table.types[type]?.properties[name], known != found {
                table.types[type]?.properties.updateValue(nil, forKey: name)
            } else {
                table.types[type]?.properties.updateValue(found, forKey: name)
            }
            if annotation?.isExistentialArray == true { table.types[type]?.existentialArrays.insert(name) }
            let accessors = binding.accessorBlock
            if accessors?.isAsync == true { table.types[type]?.asyncProperties.insert(name) }
            if accessors?.computes == true {
                table.types[type]?.computed.insert(name)
            } else if declaration.bindingSpecifier.tokenKind == .keyword(.var) {
                table.types[type]?.variables.insert(name)
            }
        }
    }

    static func function(_ declaration: FunctionDeclSyntax) -> SymbolTable.Function {
        SymbolTable.Function(
            name: declaration.name.plainText, parameters: parameters(declaration.signature.parameterClause),
            isAsync: declaration.signature.effectSpecifiers?.asyncSpecifier != nil,
            isThrowing: declaration.signature.effectSpecifiers?.throwsClause != nil,
            thrownType: declaration.signature.effectSpecifiers?.throwsClause?.type.flatMap(plainTypeName),
            isOverride: declaration.modifiers.has(.override),
            returnType: declaration.signature.returnClause.flatMap { plainTypeName($0.type) },
            isolation: isolation(declaration.attributes, declaration.modifiers))
    }

    private static func parameters(_ clause: FunctionParameterClauseSyntax) -> [SymbolTable.Parameter] {
        clause.parameters.map { parameter in
            let closure = parameter.type.firstFunctionType.map { function in
                SymbolTable.Closure(
                    isAsync: function.effectSpecifiers?.asyncSpecifier != nil,
                    returnsVoid: ["Void", "()"].contains(function.returnClause.type.trimmedDescription),
                    parameterTypes: function.parameters.map { plainTypeName($0.type) ?? "" })
            }
            return SymbolTable.Parameter(
                label: parameter.firstName.plainText, type: plainTypeName(parameter.type) ?? "",
                isVariadic: parameter.ellipsis != nil, closure: closure)
        }
    }

    static func isolation(
        _ attributes: AttributeListSyntax, _ modifiers: DeclModifierListSyntax
    ) -> SymbolTable.Isolation {
        if modifiers.has(.nonisolated) { return .nonisolated }
        for case .attribute(let attribute) in attributes {
            guard let name = plainTypeName(attribute.attributeName) else { continue }
            if name == "concurrent" { return .nonisolated }
            if name.hasSuffix("Actor") { return .globalActor(name) }
        }
        return .none
    }
}

/// The calls of some names that a piece of code makes itself, not in its closures and functions.
private final class OwnCalls: SyntaxVisitor {
    private let names: Set<String>
    private(set) var found: [Call] = []

    init(named names: Set<String>) {
        self.names = names
        super.init(viewMode: .sourceAccurate)
    }

    override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
    override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
    override func visit(_ node: AccessorBlockSyntax) -> SyntaxVisitorContinueKind { .skipChildren }

    override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
        if let call = Call(node), names.contains(call.name) { found.append(call) }
        return .visitChildren
    }
}

extension DeclModifierListSyntax {
    func has(_ keyword: Keyword) -> Bool { contains { $0.name.tokenKind == .keyword(keyword) } }
}

extension AccessorBlockSyntax {
    /// Whether a getter is `async`.
    var isAsync: Bool {
        guard case .accessors(let list) = accessors else { return false }
        return list.contains { $0.effectSpecifiers?.asyncSpecifier != nil }
    }

    /// Whether it makes the property computed; observers do not.
    var computes: Bool {
        guard case .accessors(let list) = accessors else { return true }
        return list.contains { ![.keyword(.willSet), .keyword(.didSet)].contains($0.accessorSpecifier.tokenKind) }
    }
}

/// The type a value obviously has: `T(…)`, `T.shared`, `T.init(…)`, literals.
func initialType(of value: ExprSyntax) -> String? {
    let value = value.core
    if value.is(StringLiteralExprSyntax.self) { return "String" }
    if value.is(IntegerLiteralExprSyntax.self) { return "Int" }
    if value.is(BooleanLiteralExprSyntax.self) { return "Bool" }
    if value.is(ArrayExprSyntax.self) { return "Array" }
    if value.is(ClosureExprSyntax.self) { return "()->" }
    if let call = Call(value) {
        if call.isBare { return call.name.first?.isUppercase == true ? call.name : nil }
        if call.isImplicitMember { return nil }
        if call.name == "init" { return call.baseName }
        if let base = call.baseName, base.first?.isUppercase == true {
            if call.name.first?.isUppercase == true { return call.name }
            return sharedNames.contains(call.name) ? base : nil
        }
        return nil
    }
    if let access = value.as(MemberAccessExprSyntax.self), let base = access.base?.identifier,
        base.first?.isUppercase == true, sharedNames.contains(access.declName.baseName.plainText)
    {
        return base
    }
    return nil
}

/// Static members that are, by convention, an instance of their own type.
private let sharedNames: Set<String> = [
    "shared", "default", "standard", "main", "global", "current", "singleton", "standardInput", "standardOutput",
    "standardError",
]
#endif
