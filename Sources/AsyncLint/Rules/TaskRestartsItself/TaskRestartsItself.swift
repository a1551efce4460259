#if Lint
import SwiftSyntax

struct TaskRestartsItself: CodeRule {
    static let words: [String] = ["Task", "await"]

    func check(_ code: Code, in file: FileContext) {
        guard let function = code.node.as(FunctionDeclSyntax.self), let statements = code.statements else { return }
        let name = function.name.plainText
        statements.traverseOwnLevel { node in
            guard let call = node.call, let spawn = file.spawn(call), let body = spawn.body, file.isDropped(spawn)
            else {
                return .into
            }
            guard !body.mentions(CancellationWords.all), let last = body.statements.last,
                let again = restart(of: name, in: Syntax(last.item))
            else { return .skip }
            file.report(
                Self.self, at: again,
                "each round starts the next in a new task, and nobody can stop them; write a loop in one task, and keep it",
                notes: [(Syntax(call.node), "the task")])
            return .skip
        }
    }

    private func restart(of name: String, in last: Syntax) -> Syntax? {
        if last.is(DoStmtSyntax.self) { return nil }
        var found: Syntax?
        last.traverseOwnLevel { node in
            guard let call = node.call, call.name == name else { return .into }
            let base = call.base?.core.trimmedDescription
            guard call.isBare || base == "self" else { return .into }
            found = node
            return .stop
        }
        return found
    }
}
#endif
