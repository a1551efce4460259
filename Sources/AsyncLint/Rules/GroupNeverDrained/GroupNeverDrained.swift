#if Lint
import SwiftSyntax

struct GroupNeverDrained: CallRule {
    static let words: [String] = ["TaskGroup"]

    func check(_ call: Call, in file: FileContext) {
        guard let scope = TaskGroupScope(call), file.isCoveredByAwait(call.node), !scope.isDiscarding, !scope.escapes
        else { return }
        for child in scope.spawns {
            guard let loop = Loop.enclosing(child.node), loop.node.isInside(scope.closure), isEndless(loop),
                // A child that only some rounds add is bounded by what decides it.
                child.node.ancestor(IfExprSyntax.self)?.isInside(loop.body) != true
            else { continue }
            let takes =
                scope.nexts.map { Syntax($0.node) } + scope.searches.map { Syntax($0.node) }
                + scope.iterations.map { Syntax($0) }
            if takes.contains(where: { $0.isInside(loop.node) }) { continue }
            file.report(
                Self.self, at: call.nameToken,
                "every child that was ever added is kept until somebody takes its result; use with\(scope.isThrowing ? "Throwing" : "")DiscardingTaskGroup",
                notes: [(Syntax(loop.keyword), "children are added in this loop")])
            return
        }
    }

    /// Whether a loop has no end of its own: a stream, or a condition that only asks whether to go on.
    private func isEndless(_ loop: Loop) -> Bool {
        let leaves = loop.body.statements.contains {
            $0.item.is(BreakStmtSyntax.self) || $0.item.is(ReturnStmtSyntax.self)
        }
        if leaves { return false }
        switch loop.kind {
        case .forAwait(let statement):
            // `for await x in xs.prefix(3)` ends.
            return !statement.sequence.mentions(["prefix", "async"])
        case .whileLoop(let conditions):
            if loop.isForever || conditions.trimmedDescription == "!Task.isCancelled" { return true }
            guard conditions.count == 1,
                let value = conditions.first?.condition.as(OptionalBindingConditionSyntax.self)?.initializer?.value
            else { return false }
            return value.hasOwnLevel { $0.is(AwaitExprSyntax.self) }
        case .repeatLoop: return loop.isForever
        case .forIn: return loop.isForever
        }
    }
}
#endif
