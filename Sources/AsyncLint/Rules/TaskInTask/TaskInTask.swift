#if Lint
import SwiftSyntax

struct TaskInTask: CallRule {
    static let words: [String] = ["Task"]

    func check(_ call: Call, in file: FileContext) {
        guard let inner = file.spawn(call) else { return }
        if let binding = call.node.parent?.parent?.as(PatternBindingSyntax.self),
            binding.ancestor(VariableDeclSyntax.self)?.isAsyncLet == true
        {
            return report(
                inner, "the child ends as soon as this task has been started; call the work directly", in: file)
        }
        guard let item = call.node.parent?.as(CodeBlockItemSyntax.self),
            let closure = item.parent?.parent?.as(ClosureExprSyntax.self), closure.statements.count == 1,
            let (owner, _) = closure.owningCall
        else { return }
        let isChild = owner.base != nil && owner.name.hasPrefix("add") && owner.name.contains("Task")
        guard isChild || file.spawn(owner) != nil else { return }
        report(
            inner,
            isChild
                ? "the child ends as soon as this task has been started, and the group does not wait for the work; do the work here"
                : "the outer task ends as soon as this one has been started; one of the two is enough", in: file)
    }

    private func report(_ inner: TaskSpawn, _ message: String, in file: FileContext) {
        file.report(Self.self, at: inner.call.node, message)
    }
}
#endif
