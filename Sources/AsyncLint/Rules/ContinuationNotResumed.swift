#if Lint
import SwiftSyntax

struct ContinuationNotResumed: CallRule {
    static let words = ["Continuation", "await"]

    func check(_ call: Call, in file: FileContext) {
        guard let scope = ContinuationScope(call), file.isCoveredByAwait(call.node), !scope.escapes else { return }
        guard !scope.resumes.isEmpty else {
            if neverMeansTo(scope, in: file) { return }
            file.report(Self.self, at: call.nameToken, "nobody can resume this continuation: the task hangs for good")
            return
        }
        let body = scope.closure.statements
        let paths = ContinuationPaths(body, resumes: scope.resumes, in: file)
        if let exit = paths.missing.first {
            report(at: exit, scope, "this path leaves without resuming '\(scope.name ?? "")': the task hangs", in: file)
        } else if paths.endIsMissing {
            report(
                at: Syntax(call.nameToken), scope,
                "some path through this closure does not resume '\(scope.name ?? "")': the task hangs", in: file)
        }
        var seen: Set<SyntaxIdentifier> = []
        for resume in scope.resumes { checkCallbacks(above: resume, scope, &seen, in: file) }
    }

    /// Whether a stub waits for good on purpose: its continuation is `_`, its body empty, and it stands in tests, or in something
    /// whose name or comment says so.
    private func neverMeansTo(_ scope: ContinuationScope, in file: FileContext) -> Bool {
        guard scope.name == nil, scope.closure.statements.isEmpty,
            scope.closure.signature?.parameterClause != nil
        else { return false }
        let words = ["never", "forever", "hang", "stub", "mock", "fake", "silent", "stuck", "dummy"]
        if file.isTest || file.says(words, around: scope.call.node, orName: false) { return true }
        let owner = file.enclosingTypeName(of: scope.call.node)?.lowercased() ?? ""
        return words.contains { owner.contains($0) }
    }

    private func report(at node: Syntax, _ scope: ContinuationScope, _ message: String, in file: FileContext) {
        file.report(Self.self, at: node, message, notes: [(Syntax(scope.call.nameToken), "the continuation")])
    }

    /// Looks at every callback between a resume and its continuation.
    private func checkCallbacks(
        above resume: FunctionCallExprSyntax, _ scope: ContinuationScope, _ seen: inout Set<SyntaxIdentifier>,
        in file: FileContext
    ) {
        var code = Code.enclosing(resume)
        while code.node.id != scope.closure.id, let closure = code.node.as(ClosureExprSyntax.self),
            let (call, _) = closure.owningCall
        {
            code = Code.enclosing(call.node)
            guard seen.insert(closure.id).inserted, !file.apis.runsClosureInPlace(call) else { continue }
            if let chain = optionalStart(call), call.node.parent?.is(CodeBlockItemSyntax.self) == true {
                report(
                    at: Syntax(call.node), scope,
                    "when '\(chain)' is nil nothing starts and nobody resumes '\(scope.name ?? "")': the task hangs",
                    in: file)
            }
            let paths = ContinuationPaths(closure.statements, resumes: scope.resumes, in: file)
            // What runs exactly once has no "not yet", unless somebody else resumes as well, or did.
            let isAlone = file.apis.runsClosureOnce(call) && scope.resumes.allSatisfy { $0.isInside(closure) }
            let everything = file.flag("early-returns", of: Self.self) || (isAlone && !asksWhetherResumed(closure))
            let answer = CallbackAnswer(closure, resumes: scope.resumes, in: file)
            if let exit = paths.missing.first(where: {
                everything || isFinal($0, closure, scope) || answer.isFinal($0)
            }) {
                report(
                    at: exit, scope, "this path leaves without resuming '\(scope.name ?? "")': the task hangs", in: file
                )
            } else if paths.endIsMissing, everything || endsForGood(closure, scope) || answer.endsForGood {
                report(
                    at: Syntax(call.node), scope,
                    "some path through this callback does not resume '\(scope.name ?? "")': the task hangs", in: file)
            }
        }
    }

    /// Whether a condition of the closure asks whether another callback was first.
    private func asksWhetherResumed(_ closure: ClosureExprSyntax) -> Bool {
        closure.statements.hasOwnLevel { node in
            guard let conditions = node.as(IfExprSyntax.self)?.conditions ?? node.as(GuardStmtSyntax.self)?.conditions
            else {
                return false
            }
            let text = conditions.trimmedDescription.lowercased()
            return ["resumed", "finished", "completed", "done", "once", "exchange", "called"].contains {
                text.contains($0)
            }
        }
    }

    /// The text before the `?` of `self?.start { … }`.
    private func optionalStart(_ call: Call) -> String? {
        var found: String?
        call.node.calledExpression.traverseOwnLevel { node in
            guard let chain = node.as(OptionalChainingExprSyntax.self) else { return .into }
            let text = chain.expression.trimmedDescription.split(whereSeparator: \.isWhitespace).joined()
            found = text.count > 40 ? "…" + text.suffix(39) : text
            return .stop
        }
        return found
    }

    /// Whether an early return cannot mean "not yet": it gives up because `self` or an argument of the callback is missing.
    private func isFinal(_ exit: Syntax, _ closure: ClosureExprSyntax, _ scope: ContinuationScope) -> Bool {
        let conditions: ConditionElementListSyntax
        if let statement = exit.ancestor(GuardStmtSyntax.self), exit.isInside(statement.body) {
            conditions = statement.conditions
        } else {
            return exit.ancestor(CatchClauseSyntax.self).map { $0.isInside(closure) } ?? false
        }
        guard conditions.isInside(closure) else { return false }
        // Where another callback resumes as well, this one may come again.
        let isAlone = scope.resumes.allSatisfy { $0.isInside(closure) }
        let names = isAlone ? Set(closure.parameterNames) : []
        return conditions.contains { element in
            if element.condition.trimmedDescription == "self != nil" { return true }
            // `guard error == nil else { return }`
            if let test = element.condition.as(SequenceExprSyntax.self), test.elements.count == 3,
                test.elements.last?.is(NilLiteralExprSyntax.self) == true, let name = test.elements.first?.identifier,
                names.contains(name)
            {
                return true
            }
            guard let binding = element.condition.as(OptionalBindingConditionSyntax.self) else { return false }
            let bound = binding.pattern.trimmedDescription
            let value = binding.initializer?.value.core
            if bound == "self" || value?.identifier == "self" || value?.trimmedDescription.hasPrefix("self?") == true {
                return true
            }
            return names.contains(value?.identifier ?? bound)
        }
    }

    /// Whether the end without a resume is a lost `self`, or a catch that forgets.
    private func endsForGood(_ closure: ClosureExprSyntax, _ scope: ContinuationScope) -> Bool {
        guard let last = closure.statements.last?.item else { return false }
        let statement = last.as(ExpressionStmtSyntax.self).map { Syntax($0.expression) } ?? Syntax(last)
        if let branch = statement.as(IfExprSyntax.self), branch.elseBody == nil {
            // Nothing but an argument that may be missing: what else should ever resume?
            let reports = closure.parameterNames.contains { name in
                ["progress", "fraction", "percent", "update", "event", "partial"].contains {
                    name.lowercased().contains($0)
                }
            }
            let names = closure.statements.count == 1 && !reports ? Set(closure.parameterNames) : []
            return branch.conditions.contains { element in
                guard let binding = element.condition.as(OptionalBindingConditionSyntax.self) else { return false }
                let bound = binding.pattern.trimmedDescription
                return bound == "self" || names.contains(binding.initializer?.value.core.identifier ?? bound)
            }
        }
        if let choice = statement.as(SwitchExprSyntax.self) {
            // A failure that is no answer: what else should ever come?
            return choice.cases.contains { element in
                guard case .switchCase(let branch) = element,
                    let label = branch.label.as(SwitchCaseLabelSyntax.self)?.caseItems.trimmedDescription,
                    label.contains(".failure")
                else { return false }
                return !branch.statements.mentions(scope.name ?? "")
                    && !branch.statements.contains { $0.item.is(ThrowStmtSyntax.self) }
            }
        }
        if let attempt = statement.as(DoStmtSyntax.self) {
            let names = Set([scope.name ?? ""])
            return attempt.body.mentions(names) && attempt.catchClauses.contains { !$0.body.mentions(names) }
        }
        return false
    }
}
#endif
