#if Lint
import SwiftSyntax

/// A property of a type that keeps one continuation, or several under keys.
struct StoredContinuation {
    let property: TypeScope.Property
    /// A single optional; otherwise a dictionary or an array.
    let isSlot: Bool
    let type: TypeScope

    var name: String { property.name }

    init?(_ property: TypeScope.Property, of type: TypeScope) {
        guard property.isVariable, let annotation = property.type else { return nil }
        if let wrapped = annotation.as(OptionalTypeSyntax.self)?.wrappedType
            ?? annotation.as(ImplicitlyUnwrappedOptionalTypeSyntax.self)?.wrappedType, Self.isContinuation(wrapped)
        {
            isSlot = true
        } else if annotation.as(DictionaryTypeSyntax.self).map({ Self.isContinuation($0.value) }) == true
            || annotation.as(ArrayTypeSyntax.self).map({ Self.isContinuation($0.element) }) == true
        {
            isSlot = false
        } else {
            return nil
        }
        self.property = property
        self.type = type
    }

    private static func isContinuation(_ type: TypeSyntax) -> Bool {
        guard let name = plainTypeName(type) else { return false }
        return name == "CheckedContinuation" || name == "UnsafeContinuation"
    }

    /// The calls of `resume` by which a function resumes what stays in the property meanwhile.
    func resumes(in function: TypeScope.Function, _ file: FileContext) -> [FunctionCallExprSyntax] {
        var found: [FunctionCallExprSyntax] = []
        function.body.traverse { node in
            guard let call = node.call, call.name == "resume", let base = call.base?.core else { return .into }
            if isKept(base, file) { found.append(call.node) }
            return .into
        }
        return found
    }

    /// Whether an expression is what the property holds, or a local name for it.
    private func isKept(_ base: ExprSyntax, _ file: FileContext) -> Bool {
        if let element = base.as(SubscriptCallExprSyntax.self) {
            return !isSlot && element.calledExpression.ownName == name
        }
        if let access = base.as(MemberAccessExprSyntax.self) {
            return isSlot && access.base != nil && base.ownName == name
        }
        guard let identifier = base.identifier else { return false }
        switch file.types.localDeclaration(of: identifier, at: Syntax(base)) {
        case nil: return isSlot && identifier == name
        case let local?:
            if let binding = local.as(OptionalBindingConditionSyntax.self) {
                guard let value = binding.initializer?.value.core else { return isSlot && identifier == name }
                return holds(value)
            }
            if let value = local.as(PatternBindingSyntax.self)?.initializer?.value.core { return holds(value) }
            if let loop = local.as(ForStmtSyntax.self), !isSlot {
                let sequence = loop.sequence.core
                return sequence.ownName == name
                    || sequence.as(MemberAccessExprSyntax.self)?.base?.ownName == name
            }
            return false
        }
    }

    private func holds(_ value: ExprSyntax) -> Bool {
        if let element = value.as(SubscriptCallExprSyntax.self) {
            return !isSlot && element.calledExpression.ownName == name
        }
        return isSlot && value.ownName == name
    }

    private static let takers: Set<String> = [
        "take", "removeValue", "removeAll", "remove", "removeFirst", "removeLast", "popFirst", "popLast", "swap",
    ]

    /// Whether code sets the property, takes out of it, or hands it to somebody who may.
    func changes(_ body: some SyntaxProtocol) -> Bool {
        !body.traverse { node in
            if let assignment = Assignment(node) {
                let target = assignment.target.core
                let owner = target.as(SubscriptCallExprSyntax.self)?.calledExpression ?? target
                if owner.ownName == name { return .stop }
                if target.is(TupleExprSyntax.self), target.mentions(name) { return .stop }
            }
            if let passed = node.as(InOutExprSyntax.self), passed.expression.ownName == name { return .stop }
            if let call = node.call, Self.takers.contains(call.name), call.base?.ownName == name { return .stop }
            return .into
        }
    }

    /// Whether a function sees to it that what it resumed is resumed by nobody else: it empties the property itself or by a function
    /// of the type, asks a flag that it sets, or only helps functions that do.
    func isSettled(in function: TypeScope.Function) -> Bool {
        if changes(function.body) || callsWho(changes, in: function.body) || asksItsFlag(function) { return true }
        guard function.isPrivate else { return false }
        let callers = type.functions.filter { other in
            other.node.id != function.node.id && calls(function.name, in: other.body)
        }
        return !callers.isEmpty && callers.allSatisfy { changes($0.body) || callsWho(changes, in: $0.body) }
    }

    /// Whether code calls a function of the type for which something holds.
    func callsWho(_ holds: (CodeBlockItemListSyntax) -> Bool, in body: some SyntaxProtocol) -> Bool {
        !body.traverse { node in
            guard let call = node.call else { return .into }
            return type.functions(called: call).contains { holds($0.body) } ? .stop : .into
        }
    }

    private func calls(_ name: String, in body: some SyntaxProtocol) -> Bool {
        !body.traverse { node in
            guard let call = node.call, call.name == name,
                call.isBare || call.base?.core.trimmedDescription.hasPrefix("self") == true
            else { return .into }
            return .stop
        }
    }

    /// `guard !finished else { return }; finished = true`.
    private func asksItsFlag(_ function: TypeScope.Function) -> Bool {
        var set: Set<String> = []
        var asked: Set<String> = []
        function.body.traverse { node in
            if let assignment = Assignment(node), let target = assignment.target.ownName { set.insert(target) }
            let conditions = node.as(GuardStmtSyntax.self)?.conditions ?? node.as(IfExprSyntax.self)?.conditions
            conditions?.traverse { part in
                if let name = part.as(DeclReferenceExprSyntax.self)?.baseName.plainText { asked.insert(name) }
                return .into
            }
            return .into
        }
        set.remove(name)
        return !set.isDisjoint(with: asked)
    }
}

extension TypeScope {
    /// The properties that keep continuations of tasks; those of streams may be used again and are no concern.
    var storedContinuations: [StoredContinuation] { properties.compactMap { StoredContinuation($0, of: self) } }

    /// Whether an object of the type lives for one call: it is private to the file or to a function, or is made inside functions only.
    var isForOneCall: Bool {
        let modifiers = node.asProtocol((any DeclGroupSyntax).self)?.modifiers
        if modifiers?.has(.private) == true || modifiers?.has(.fileprivate) == true { return true }
        if node.ancestor(CodeBlockSyntax.self) != nil { return true }
        var made = 0
        var kept = 0
        node.root.traverse { part in
            guard let call = part.call, call.isBare, call.name == name else { return .into }
            made += 1
            let isStored = Assignment(call.node.parent?.parent ?? part) != nil
            if isStored || Code.enclosing(part).kind == .initialValue { kept += 1 }
            return .into
        }
        return made > 0 && kept == 0
    }
}
#endif
