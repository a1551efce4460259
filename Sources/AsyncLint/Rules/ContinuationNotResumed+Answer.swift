#if Lint
import SwiftSyntax

/// A callback that brings the one answer there is: a path through it without a resume cannot mean "not yet".
///
/// Two signs tell. Its parameter is called `completion`, `…Handler`, `reply` or `callback`, or it takes an error; or its other early
/// exits resume before they leave. A way out that asks a variable from outside, or a parameter of type `Bool`, may count, and is trusted.
struct CallbackAnswer {
    private let closure: ClosureExprSyntax
    private let resumes: [FunctionCallExprSyntax]
    private let isAlone: Bool
    private let isCompletion: Bool
    private let parameters: Set<String>
    private let flags: Set<String>

    init(_ closure: ClosureExprSyntax, resumes: [FunctionCallExprSyntax], in file: FileContext) {
        self.closure = closure
        self.resumes = resumes
        isAlone = resumes.allSatisfy { $0.isInside(closure) }
        let names = closure.parameterNames
        parameters = Set(names)
        var types = Self.written(closure)
        var label: String?
        if let (call, given) = closure.owningCall {
            let declared = file.symbols.closureParameter(of: call, label: given, in: file)
            if let declared, declared.parameterTypes.count == names.count { types = declared.parameterTypes }
            label = given ?? file.symbols.closureLabel(of: call, in: file)
        }
        let lower = label?.lowercased() ?? ""
        let named =
            lower.hasPrefix("completion") || lower.hasSuffix("handler") || lower == "reply" || lower == "callback"
        let takesError =
            types.contains { $0.hasSuffix("Error") }
            || names.contains { ["error", "err", "failure"].contains($0.lowercased()) }
        let isStream = names.contains { name in
            ["progress", "fraction", "percent", "update", "event", "partial", "chunk"].contains {
                name.lowercased().contains($0)
            }
        }
        isCompletion = (named || takesError) && !isStream
        flags = Set(zip(names, types).filter { $0.1 == "Bool" }.map(\.0)).union(
            names.filter { name in
                let lower = name.lowercased()
                return ["done", "finished", "complete", "completed", "last", "more", "final"].contains(lower)
                    || (lower.hasPrefix("is") && name.count > 3)
            })
    }

    private static func written(_ closure: ClosureExprSyntax) -> [String] {
        guard case .parameterClause(let clause)? = closure.signature?.parameterClause else { return [] }
        return clause.parameters.map { $0.type.flatMap(plainTypeName) ?? "" }
    }

    /// Whether a `return` without a resume leaves for good.
    func isFinal(_ exit: Syntax) -> Bool {
        guard isAlone, let conditions = conditions(of: exit), asksOnlyParameters(conditions) else { return false }
        return isCompletion || othersResume(than: exit)
    }

    /// Whether the end behind `if let error { … } else if let value { … }` is reached for good.
    var endsForGood: Bool {
        guard isAlone, isCompletion, !looksWhetherItIsFirst, let last = closure.statements.last?.item,
            var branch = last.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self)
        else { return false }
        while true {
            guard asksOnlyParameters(branch.conditions) else { return false }
            guard case .ifExpr(let next)? = branch.elseBody else { return branch.elseBody == nil }
            branch = next
        }
    }

    /// `guard !hasResumed else { return }` in front: it is called more than once, and the end may mean "not yet".
    private var looksWhetherItIsFirst: Bool {
        guard let first = closure.statements.first?.item.as(GuardStmtSyntax.self) else { return false }
        return !asksOnlyParameters(first.conditions)
            && first.conditions.contains { $0.condition.is(ExprSyntax.self) }
    }

    private func conditions(of exit: Syntax) -> ConditionElementListSyntax? {
        var next = exit.parent
        while let here = next, here.id != closure.id {
            if here.isOwnCode || Loop(here) != nil { return nil }
            if let statement = here.as(GuardStmtSyntax.self) { return statement.conditions }
            if let branch = here.as(IfExprSyntax.self) { return branch.conditions }
            next = here.parent
        }
        return nil
    }

    /// Whether conditions ask nothing but parameters, what is made of them, and functions.
    private func asksOnlyParameters(_ conditions: ConditionElementListSyntax) -> Bool {
        var known = parameters
        closure.statements.traverseOwnLevel { node in
            if let name = node.as(IdentifierPatternSyntax.self)?.identifier.plainText { known.insert(name) }
            return .into
        }
        var asksParameter = false
        let plain = conditions.traverse { node in
            if node.is(ClosureExprSyntax.self) { return .skip }
            if let name = node.as(IdentifierPatternSyntax.self)?.identifier.plainText, known.contains(name) {
                asksParameter = true
            }
            guard let reference = node.as(DeclReferenceExprSyntax.self) else { return .into }
            if let access = reference.parent?.as(MemberAccessExprSyntax.self), access.declName.id == reference.id {
                // `result.isFinal`: there are others before it.
                return ["isFinal", "isLast", "isPartial"].contains(reference.baseName.plainText) ? .stop : .into
            }
            let name = reference.baseName.plainText
            if flags.contains(name) { return .stop }
            if known.contains(name) {
                asksParameter = true
                return .into
            }
            let isCalled = reference.parent?.as(FunctionCallExprSyntax.self)?.calledExpression.id == reference.id
            return isCalled || name.first?.isUppercase == true ? .into : .stop
        }
        return plain && asksParameter
    }

    /// Whether some other early exit of the closure resumes before it leaves.
    private func othersResume(than exit: Syntax) -> Bool {
        closure.statements.hasOwnLevel { node in
            guard node.id != exit.id, node.is(ReturnStmtSyntax.self),
                let list = node.parent?.parent?.as(CodeBlockItemListSyntax.self), list.parent?.id != closure.id
            else { return false }
            return resumes.contains { $0.isInside(list) }
        }
    }
}
#endif
