#if Lint
import SwiftSyntax

struct GroupRaceWithoutCancel: CallRule {
    static let words = ["TaskGroup"]

    func check(_ call: Call, in file: FileContext) {
        guard let scope = TaskGroupScope(call), file.isCoveredByAwait(call.node), !scope.isDiscarding, !scope.cancels,
            !scope.waitsForAll, !scope.escapes
        else { return }
        let repeats = scope.spawns.contains { scope.isRepeated($0.node) }
        guard repeats || scope.spawns.count >= 2 else { return }
        let site: Syntax
        if let search = scope.searches.first {
            guard scope.iterations.isEmpty, scope.nexts.isEmpty else { return }
            site = Syntax(search.node)
        } else if let loop = scope.iterations.first {
            guard scope.iterations.count == 1, scope.nexts.isEmpty, leavesEarly(loop), !endsOthers(scope) else {
                return
            }
            site = Syntax(loop.forKeyword)
        } else {
            guard let next = scope.nexts.first, !scope.nexts.contains(where: { scope.isRepeated($0.node) }) else {
                return
            }
            if !repeats && scope.nexts.count >= scope.spawns.count { return }
            if endsOthers(scope) || throwsNext(next, scope) || worksBefore(next, scope) { return }
            site = Syntax(next.node)
        }
        // Every child added in one loop and one `next()` in a window's first turn would be repeated; what is left is a race.
        file.report(
            Self.self, at: site,
            "the group still waits for the children that lost; cancel them: defer { \(scope.group).cancelAll() }",
            notes: scope.spawns.prefix(2).map { (Syntax($0.nameToken), "a child") }, fixes: fix(scope, in: file))
    }

    /// Whether the loop over the children is left before the last of them: by `return`, or by a `break` of its own.
    private func leavesEarly(_ loop: ForStmtSyntax) -> Bool {
        loop.body.hasOwnLevel { node in
            if node.is(ReturnStmtSyntax.self) { return Self.isNoCount(node, loop) }
            guard let jump = node.as(BreakStmtSyntax.self),
                jump.ancestor(SwitchCaseSyntax.self)?.isInside(loop) != true,
                Loop.enclosing(jump)?.node.id == loop.id
            else { return false }
            return Self.isNoCount(node, loop)
        }
    }

    /// Whether the condition of a way out compares no count: `if done == total { break }` leaves when all have come.
    private static func isNoCount(_ exit: Syntax, _ loop: ForStmtSyntax) -> Bool {
        guard let branch = exit.ancestor(IfExprSyntax.self), branch.isInside(loop) else { return true }
        return !branch.conditions.hasOwnLevel { node in
            ["==", ">=", ">"].contains(node.as(BinaryOperatorExprSyntax.self)?.operator.text)
                && branch.conditions.trimmedDescription.contains("ount")
        }
    }

    /// Whether the body awaits work of its own between the last child and the first result: then the children serve it, and do not race.
    private func worksBefore(_ next: Call, _ scope: TaskGroupScope) -> Bool {
        let items = Array(scope.closure.statements)
        guard let last = scope.spawns.last, let from = items.lastIndex(where: { last.node.isInside($0) }),
            let to = items.firstIndex(where: { next.node.isInside($0) }), from + 1 < to
        else { return false }
        return items[(from + 1)..<to].contains { $0.hasOwnLevel { $0.isSuspension } }
    }

    /// Whether the body throws behind `next()` on every path: an error that leaves cancels the rest.
    private func throwsNext(_ next: Call, _ scope: TaskGroupScope) -> Bool {
        guard scope.closure.statements.last?.item.is(ThrowStmtSyntax.self) == true,
            let item = next.node.ancestor(CodeBlockItemSyntax.self), item.parent?.parent?.id == scope.closure.id
        else { return false }
        return !scope.closure.statements.contains { $0.hasOwnLevel { $0.is(ReturnStmtSyntax.self) } }
    }

    /// Whether the rest is ended in another way: `client.shutdown()` in the body, or by a child.
    private func endsOthers(_ scope: TaskGroupScope) -> Bool {
        !scope.closure.statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return .into }
            let isOwn = Code.enclosing(node).node.id == scope.closure.id
            return (isOwn && call.endsWork) || call.name.lowercased().contains("shutdown") ? .stop : .into
        }
    }

    /// Whether one child is a time limit and nothing else: it sleeps and then throws, or returns a value. Whoever loses against it
    /// is not wanted any more; of two that work, the one that comes second may still have something to do.
    private func racesWithTimer(_ scope: TaskGroupScope, in file: FileContext) -> Bool {
        scope.spawns.count == 2
            && scope.spawns.contains { child in
                guard let items = child.closures.first?.closure.statements, (1...2).contains(items.count),
                    let first = items.first?.item.as(ExprSyntax.self), let sleep = Call(first.core),
                    sleep.name == "sleep", file.apis.throwsCancellationOnly(sleep)
                else { return false }
                guard items.count == 2, let last = items.last?.item else { return true }
                return last.is(ThrowStmtSyntax.self) || last.is(ReturnStmtSyntax.self)
            }
    }

    private func fix(_ scope: TaskGroupScope, in file: FileContext) -> [Fix] {
        guard let first = scope.closure.statements.first, scope.group != "$0" else { return [] }
        let oneLine = file.sameLine(scope.closure, first)
        let separator = oneLine ? "; " : "\n" + file.indentation(of: first)
        return [
            Fix(
                title: "cancel the rest on the way out",
                safety: racesWithTimer(scope, in: file) ? .safe : .suggestion,
                edits: [file.insert("defer { \(scope.group).cancelAll() }" + separator, before: first)])
        ]
    }
}
#endif
