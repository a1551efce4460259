#if Lint
import SwiftSyntax

/// A call, taken apart: `base.name(labels…) { … }`.
struct Call {
    let node: FunctionCallExprSyntax
    /// What stands before the last dot; nil for a free function or an initializer.
    let base: ExprSyntax?
    /// The last name, without generic arguments.
    let name: String
    let nameToken: TokenSyntax

    init?(_ node: FunctionCallExprSyntax) {
        var called = node.calledExpression
        while true {
            if let generic = called.as(GenericSpecializationExprSyntax.self) {
                called = generic.expression
            } else if let chain = called.as(OptionalChainingExprSyntax.self) {
                called = chain.expression
            } else if let unwrap = called.as(ForceUnwrapExprSyntax.self) {
                called = unwrap.expression
            } else {
                break
            }
        }
        if let reference = called.as(DeclReferenceExprSyntax.self) {
            base = nil
            isImplicitMember = false
            nameToken = reference.baseName
        } else if let access = called.as(MemberAccessExprSyntax.self) {
            base = access.base
            isImplicitMember = access.base == nil
            nameToken = access.declName.baseName
        } else {
            return nil
        }
        self.node = node
        name = nameToken.plainText
    }

    init?(_ expression: ExprSyntax) {
        guard let node = expression.as(FunctionCallExprSyntax.self) else { return nil }
        self.init(node)
    }

    /// Whether nothing stands before the name: a free function, an initializer, or a method of the type around. `.name(…)` has no base
    /// either, and is a case or a static member of a type that only the compiler knows.
    var isBare: Bool { base == nil && !isImplicitMember }

    /// Whether the call is written `.name(…)`.
    let isImplicitMember: Bool

    /// Labels of the arguments in parentheses; `_` for those without one.
    var labels: [String] { node.arguments.map { $0.label?.plainText ?? "_" } }

    /// The closures the call gets, with their labels; the first trailing closure has none.
    var closures: [(label: String?, closure: ClosureExprSyntax)] {
        var found: [(String?, ClosureExprSyntax)] = []
        for argument in node.arguments {
            if let closure = argument.expression.as(ClosureExprSyntax.self) {
                found.append((argument.label?.plainText, closure))
            }
        }
        if let trailing = node.trailingClosure { found.append((nil, trailing)) }
        for element in node.additionalTrailingClosures { found.append((element.label.plainText, element.closure)) }
        return found
    }

    /// The name of the base, when it is nothing but one: `Task` of `Task<Int, Never>.detached`, `g` of `g.next()`.
    var baseName: String? {
        guard let base else { return nil }
        if let generic = base.as(GenericSpecializationExprSyntax.self) { return generic.expression.identifier }
        if let access = base.as(MemberAccessExprSyntax.self), let module = access.base?.identifier,
            ["Swift", "_Concurrency", "Foundation", "Dispatch"].contains(module)
        {
            return access.declName.baseName.plainText
        }
        return base.identifier
    }

    /// Whether the name asks something to end: `shutdown`, `close`, `stop`, `cancel`, `finish`, `terminate`.
    var endsWork: Bool {
        let lower = name.lowercased()
        return ["shutdown", "close", "stop", "cancel", "finish", "terminate"].contains { lower.contains($0) }
    }

    func argument(_ label: String) -> ExprSyntax? {
        node.arguments.first { $0.label?.plainText == label }?.expression
    }
}

extension ClosureExprSyntax {
    /// The call this closure is an argument of, with its label; the first trailing closure has none.
    var owningCall: (call: Call, label: String?)? {
        guard let parent else { return nil }
        if let call = parent.as(FunctionCallExprSyntax.self), let found = Call(call) { return (found, nil) }
        if let element = parent.as(MultipleTrailingClosureElementSyntax.self),
            let node = element.ancestor(FunctionCallExprSyntax.self), let call = Call(node)
        {
            return (call, element.label.plainText)
        }
        if let argument = parent.as(LabeledExprSyntax.self),
            let node = argument.parent?.parent?.as(FunctionCallExprSyntax.self), let call = Call(node)
        {
            return (call, argument.label?.plainText)
        }
        return nil
    }

    /// The names of the parameters; `$0` when the signature has none.
    var parameterNames: [String] {
        switch signature?.parameterClause {
        case .simpleInput(let list): list.map { $0.name.plainText }
        case .parameterClause(let clause):
            clause.parameters.map { ($0.secondName ?? $0.firstName).plainText }
        case nil: ["$0"]
        }
    }

    /// The statement, when the body is nothing but one.
    var singleStatement: CodeBlockItemSyntax? { statements.count == 1 ? statements.first : nil }
}
#endif
