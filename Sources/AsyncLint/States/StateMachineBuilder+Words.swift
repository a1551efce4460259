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
        switch ownIsolation {
        case .instance: "isolated to actor \(file.enclosingTypeName(of: code.node) ?? "")"
        case .globalActor(let name): "isolated to @\(name)"
        case .none, .nonisolated: "nonisolated"
        }
    }

    var ownIsolation: SymbolTable.Isolation {
        let declaration = code.node.as(FunctionDeclSyntax.self)
        if let declaration {
            let own = SymbolCollector.isolation(declaration.attributes, declaration.modifiers)
            if own != .none { return own }
        }
        guard let type = file.enclosingTypeName(of: code.node) else { return .none }
        return file.symbols.types[type]?.isolation ?? .none
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
            return "elsewhere, perhaps: its declaration is not in this file"
        }
        if call.baseName == "Task", ["sleep", "yield"].contains(call.name) { return nil }
        if call.name == "run", let actor = call.baseName, actor.hasSuffix("Actor") { return "on @\(actor)" }
        let candidates = file.symbols.candidates(for: call, in: file)
        guard let function = candidates.first else { return "elsewhere, perhaps: its declaration is not in this file" }
        let isFree = call.isBare && file.symbols.functions[call.name] != nil
        let type =
            call.base.flatMap { file.types.typeName(of: $0) } ?? (isFree ? nil : file.enclosingTypeName(of: code.node))
        let isolation =
            function.isolation == .none
            ? type.flatMap { file.symbols.types[$0]?.isolation } ?? .none : function.isolation
        let isSelf = call.isBare || call.base?.as(DeclReferenceExprSyntax.self)?.baseName.text == "self"
        switch isolation {
        case .globalActor(let name): return ownIsolation == isolation ? nil : "on @\(name)"
        case .instance: return ownIsolation == .instance && isSelf ? nil : "on actor \(type ?? "")"
        case .nonisolated, .none:
            let own = ownIsolation
            return own == .none || own == .nonisolated ? nil : "off the actor, on the global executor"
        }
    }
}
#endif
