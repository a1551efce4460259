#if Lint
import SwiftSyntax

extension StateMachineBuilder {
    func position(_ node: Syntax) -> Int {
        file.source.position(node.positionAfterSkippingLeadingTrivia.utf8Offset).line
    }

    func line(_ node: Syntax, text: String? = nil) -> StateMachine.State.Line {
        let first =
            node.trimmedDescription.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)
            ?? ""
        let whole = node.trimmedDescription == first
        return StateMachine.State.Line(number: position(node), text: text ?? (whole ? first : first + " …"))
    }

    func short(_ nodes: any SyntaxProtocol...) -> String {
        let flat = nodes.map { $0.trimmedDescription }.joined(separator: " ").split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        return flat.count > 60 ? flat.prefix(57) + "…" : flat
    }

    var isolationText: String {
        if let parameter = isolatedParameter { return parameter }
        switch ownIsolation {
        case .instance: return "isolated to actor \(file.enclosingTypeName(of: code.node) ?? "")"
        case .globalActor(let name): return "isolated to @\(name)"
        case .nonisolated: return "nonisolated"
        case .none: return unknownIsolation.map { "nonisolated, or not: \($0) is not in this file" } ?? "nonisolated"
        }
    }

    /// `isolated` parameters, and `nonisolated(nonsending)`.
    private var isolatedParameter: String? {
        let function = code.node.as(FunctionDeclSyntax.self)
        for parameter in function?.signature.parameterClause.parameters ?? [] {
            guard let type = parameter.type.as(AttributedTypeSyntax.self),
                type.specifiers.trimmedDescription.contains("isolated")
            else { continue }
            if parameter.defaultValue?.value.trimmedDescription == "#isolation" {
                return "isolated to its caller's actor"
            }
            return "isolated to its parameter '\((parameter.secondName ?? parameter.firstName).plainText)'"
        }
        if function?.modifiers.trimmedDescription.contains("nonisolated(nonsending)") == true {
            return "runs on its caller's actor"
        }
        return nil
    }

    var ownIsolation: SymbolTable.Isolation {
        if let declaration = code.node.as(FunctionDeclSyntax.self) {
            let own = SymbolCollector.isolation(declaration.attributes, declaration.modifiers)
            if own != .none { return own }
            for case .attribute(let attribute) in declaration.attributes {
                if let name = plainTypeName(attribute.attributeName), file.symbols.globalActors.contains(name) {
                    return .globalActor(name)
                }
            }
        }
        guard let type = file.enclosingTypeName(of: code.node) else { return .none }
        return isolation(of: type)
    }

    /// The isolation of a type: its own, or that of what it inherits.
    private func isolation(of type: String) -> SymbolTable.Isolation {
        let own = file.symbols.types[type]?.isolation ?? .none
        if own != .none { return own }
        for ancestor in file.symbols.ancestors(of: type).sorted() {
            if case .globalActor(let name) = file.symbols.types[ancestor]?.isolation ?? .none {
                return .globalActor(name)
            }
        }
        return .none
    }

    /// What would have to be known to say where the function runs: an attribute that may be a global actor, a superclass or protocol
    /// of another file.
    private var unknownIsolation: String? {
        guard let type = file.enclosingTypeName(of: code.node), let info = file.symbols.types[type] else { return nil }
        let plain: Set<String> = [
            "Observable", "Suite", "Test", "Model", "Entity", "UIApplicationMain", "NSApplicationMain", "Sendable",
        ]
        if let name = info.attributes.filter({ $0.first?.isUppercase == true }).subtracting(plain)
            .first(where: { !file.symbols.declaresType($0) })
        {
            return "@\(name)"
        }
        return file.symbols.ancestors(of: type).sorted().first {
            file.symbols.types[$0]?.kind == nil && !file.apis.plainProtocols.contains($0)
        }
    }

    /// Where an awaited expression runs, when that is not where the function is.
    func hop(_ expression: ExprSyntax) -> String? {
        let core = expression.core
        guard let call = Call(core) else {
            if let name = core.identifier,
                file.types.localDeclaration(of: name, at: Syntax(core))?.ancestor(VariableDeclSyntax.self)?.isAsyncLet
                    == true
            {
                return "as a child, started earlier"
            }
            return owner(of: core) ?? "elsewhere, perhaps: its declaration is not in this file"
        }
        if call.isBare,
            file.types.localDeclaration(of: call.name, at: Syntax(core))?.is(FunctionParameterSyntax.self) == true
        {
            return "where the closure that was passed runs"
        }
        if call.baseName == "Task", ["sleep", "yield"].contains(call.name) { return nil }
        if call.name == "run", let actor = call.baseName, actor.hasSuffix("Actor") { return "on @\(actor)" }
        let candidates = file.symbols.candidates(for: call, in: file)
        guard let function = candidates.first else { return "elsewhere, perhaps: its declaration is not in this file" }
        let isFree = call.isBare && file.symbols.functions[call.name] != nil
        let type =
            call.base.flatMap { file.types.typeName(of: $0) } ?? (isFree ? nil : file.enclosingTypeName(of: code.node))
        let isolation =
            function.isolation == .none ? type.map { self.isolation(of: $0) } ?? .none : function.isolation
        let isSelf = call.isBare || call.base?.as(DeclReferenceExprSyntax.self)?.baseName.text == "self"
        switch isolation {
        case .globalActor(let name): return ownIsolation == isolation ? nil : "on @\(name)"
        case .instance: return ownIsolation == .instance && isSelf ? nil : "on actor \(type ?? "")"
        case .nonisolated, .none:
            let own = ownIsolation
            return own == .none || own == .nonisolated ? nil : "off the actor, on the global executor"
        }
    }

    /// The actor whose property, or element of a property, is awaited.
    private func owner(of expression: ExprSyntax) -> String? {
        var root = expression
        while true {
            if let element = root.as(SubscriptCallExprSyntax.self) {
                root = element.calledExpression.core
            } else if let access = root.as(MemberAccessExprSyntax.self), let base = access.base {
                if let type = file.types.typeName(of: base), file.symbols.declaresType(type) {
                    switch isolation(of: type) {
                    case .instance:
                        return ownIsolation == .instance && type == file.enclosingTypeName(of: code.node)
                            ? nil : "on actor \(type)"
                    case .globalActor(let name): return "on @\(name)"
                    default: break
                    }
                }
                root = base.core
            } else {
                return nil
            }
        }
    }
}
#endif
