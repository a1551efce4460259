#if Lint
import SwiftSyntax

struct TaskInDefer: BlockRule {
    static let words: [String] = ["defer", "Task", "await"]

    func check(_ block: CodeBlockItemListSyntax, in file: FileContext) {
        for item in block {
            guard let deferred = item.item.as(DeferStmtSyntax.self), file.runsAsync(deferred) else { continue }
            var spawned: TaskSpawn?
            deferred.body.traverseOwnLevel { node in
                guard let call = node.call, let spawn = file.spawn(call), let body = spawn.body else { return .into }
                if file.use(of: call.node) != .used, body.statements.hasOwnLevel({ $0.isSuspension }) {
                    spawned = spawn
                }
                return .skip
            }
            guard let spawned,
                !file.says(
                    ["on purpose", "not awaited", "fire and forget", "nobody waits", "best effort"], around: deferred)
            else { continue }
            file.report(
                Self.self, at: deferred,
                "nobody waits for this cleanup, and its errors are lost; await it on the way out",
                notes: [(Syntax(spawned.call.node), "the task")])
        }
    }
}
#endif
