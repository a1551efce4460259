#if Lint
import SwiftSyntax

struct UncheckedSendableWithoutLock: TypeRule {
    static let words: [String] = ["@unchecked"]

    private static let guards = [
        "lock", "mutex", "queue", "atomic", "semaphore", "condition", "eventloop", "loopbound", "guarded", "actor",
        "monitor",
    ]

    func check(_ type: TypeScope, in file: FileContext) {
        guard type.node.is(ClassDeclSyntax.self),
            type.inheritance?.inheritedTypes.contains(where: { $0.type.trimmedDescription.hasPrefix("@unchecked") })
                == true,
            !saysWhy(type.node),
            type.inheritance?.tokens(viewMode: .sourceAccurate).contains(where: {
                $0.trailingTrivia.hasComment || $0.leadingTrivia.hasComment
            }) != true
        else { return }
        let isGuarded = type.properties.contains { property in
            let text = (property.node.trimmedDescription + property.declaration.attributes.trimmedDescription)
                .lowercased()
            return Self.guards.contains { text.contains($0) }
        }
        // A class on a global actor is guarded by it.
        if isGuarded || type.attributes.trimmedDescription.contains("Actor") { return }
        for property in type.properties where property.isVariable && !property.isStatic {
            if property.declaration.modifiers.has(.lazy) || property.declaration.modifiers.has(.weak) { continue }
            guard let change = change(of: property.name, in: type, file) else { continue }
            file.report(
                Self.self, at: change,
                "'\(property.name)' of an '@unchecked Sendable' class changes here, and nothing guards it; use a lock, or say what does",
                notes: [(Syntax(property.node), "the property")])
            return
        }
    }

    /// Whether a comment stands at the head of a class. The first thing of a file may have the file's own head there.
    private func saysWhy(_ node: Syntax) -> Bool {
        node.leadingTrivia.pieces.contains { piece in
            switch piece {
            case .docLineComment, .docBlockComment: true
            case .lineComment, .blockComment: node.position.utf8Offset > 0
            default: false
            }
        }
    }

    private func change(of name: String, in type: TypeScope, _ file: FileContext) -> Syntax? {
        let mutations: Set<String> = [
            "append", "insert", "remove", "removeAll", "removeFirst", "removeLast", "removeValue", "popFirst",
            "popLast",
            "updateValue", "formUnion", "toggle",
        ]
        for function in type.functions where function.name != "init" && function.name != "deinit" {
            var found: Syntax?
            function.body.traverse { node in
                if let parts = node.as(SequenceExprSyntax.self)?.elements, parts.count >= 3 {
                    let all = Array(parts)
                    let assigns =
                        all[1].is(AssignmentExprSyntax.self)
                        || (all[1].as(BinaryOperatorExprSyntax.self).map {
                            $0.operator.text.hasSuffix("=")
                                && !["==", "!=", "<=", ">=", "==="].contains($0.operator.text)
                        } ?? false)
                    let target = all[0].core
                    let owner = target.as(SubscriptCallExprSyntax.self)?.calledExpression ?? target
                    if assigns, owner.ownName == name, isProperty(owner, file) { found = node }
                } else if let call = node.call, mutations.contains(call.name), let base = call.base,
                    base.ownName == name,
                    isProperty(base.core, file)
                {
                    found = node
                }
                return found == nil ? .into : .stop
            }
            if let found { return found }
        }
        return nil
    }

    private func isProperty(_ owner: ExprSyntax, _ file: FileContext) -> Bool {
        guard let name = owner.identifier else { return true }
        return file.types.localDeclaration(of: name, at: Syntax(owner)) == nil
    }
}
#endif
