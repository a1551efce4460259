#if Lint
import SwiftSyntax

struct StoredContinuationNotCleared: TypeRule {
    static let words: [String] = ["Continuation", "resume"]

    func check(_ type: TypeScope, in file: FileContext) {
        for kept in type.storedContinuations where !kept.property.isStatic {
            let resuming = type.functions.compactMap { function -> (TypeScope.Function, [FunctionCallExprSyntax])? in
                let resumes = kept.resumes(in: function, file)
                return resumes.isEmpty && !takesOut(kept, function) ? nil : (function, resumes)
            }
            if resuming.count >= 2, !type.isForOneCall {
                // One slot is one thing to mend, however many places resume it.
                let sites = resuming.filter { !kept.isSettled(in: $0.0) }.flatMap(\.1)
                if let first = sites.first {
                    report(Syntax(first), kept, others: sites.dropFirst().map { Syntax($0) }, in: file)
                }
            }
            for function in type.functions { checkBodies(of: function, kept, in: file) }
        }
    }

    private func report(
        _ resume: Syntax, _ kept: StoredContinuation, others: [Syntax] = [], in file: FileContext
    ) {
        file.report(
            Self.self, at: resume,
            "'\(kept.name)' still holds this continuation: whoever comes next resumes it again, and the process stops; "
                + "take it out before it is resumed",
            notes: [(Syntax(kept.property.node), "kept here")] + others.map { ($0, "resumed here too") })
    }

    /// Whether a function resumes what it takes out: `waiters.removeValue(forKey: id)?.resume()`.
    private func takesOut(_ kept: StoredContinuation, _ function: TypeScope.Function) -> Bool {
        function.body.mentions("resume") && function.body.mentions(kept.name) && kept.changes(function.body)
    }

    /// Looks for a body of `with…Continuation` that keeps its continuation and resumes it on the same path.
    private func checkBodies(of function: TypeScope.Function, _ kept: StoredContinuation, in file: FileContext) {
        function.body.traverse { node in
            guard let scope = node.call.flatMap({ ContinuationScope($0) }), let name = scope.name,
                !scope.resumes.isEmpty
            else { return .into }
            let resumes = Set(scope.resumes.map(\.id))
            let walk = PathWalk(scope.closure.statements, from: Path(), in: file) { part, path in
                if let assignment = Assignment(part) {
                    let target = assignment.target.core
                    let owner = target.as(SubscriptCallExprSyntax.self)?.calledExpression ?? target
                    if owner.ownName == kept.name {
                        path.isKept = assignment.single?.core.identifier == name
                    }
                }
                if resumes.contains(part.id) { path.resume = part.id }
            }
            let states = walk.ends.union(walk.exits.map(\.state))
            for resume in scope.resumes
            where states.contains(where: { $0.isKept && $0.resume == resume.id }) && !isDecidedByCall(resume) {
                report(Syntax(resume), kept, in: file)
            }
            return .skip
        }
    }

    /// Whether a call says who resumes: `if !exchange(.waiting, .woken) { c.resume() }` asks whether anybody else will.
    private func isDecidedByCall(_ resume: FunctionCallExprSyntax) -> Bool {
        resume.ancestor(IfExprSyntax.self)?.conditions.hasOwnLevel { $0.is(FunctionCallExprSyntax.self) } ?? false
    }

    private struct Path: Hashable {
        var isKept = false
        var resume: SyntaxIdentifier?
    }
}
#endif
