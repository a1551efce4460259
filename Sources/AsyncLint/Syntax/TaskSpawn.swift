#if Lint
import SwiftSyntax

/// An unstructured task: `Task { … }`, `Task.detached { … }`, `Task.immediate { … }`.
struct TaskSpawn {
    enum Form: String {
        case task = "Task"
        case detached = "Task.detached"
        case immediate = "Task.immediate"
        case immediateDetached = "Task.immediateDetached"
    }

    let call: Call
    let form: Form
    /// The operation, when it is written as a closure.
    let body: ClosureExprSyntax?
    /// Whether `Task<…, Never>` says that it cannot fail.
    let neverFails: Bool
}

extension FileContext {
    /// The task a call starts. A type named `Task` of the files themselves is not Swift's.
    func spawn(_ call: Call) -> TaskSpawn? {
        let form: TaskSpawn.Form
        let isInit =
            call.name == "Task" && (call.isBare || ["Swift", "_Concurrency"].contains(call.base?.identifier))
        if isInit {
            form = .task
        } else if call.baseName == "Task" {
            switch call.name {
            case "detached": form = .detached
            case "immediate": form = .immediate
            case "immediateDetached": form = .immediateDetached
            case "init": form = .task
            default: return nil
            }
        } else {
            return nil
        }
        guard let body = call.closures.first?.closure ?? nil else { return nil }
        if symbols.declaresType("Task") { return nil }
        let generic =
            call.node.calledExpression.as(GenericSpecializationExprSyntax.self)
            ?? call.base?.as(GenericSpecializationExprSyntax.self)
        let failure = generic?.genericArgumentClause.arguments.last?.trimmedDescription
        return TaskSpawn(call: call, form: form, body: body, neverFails: failure == "Never")
    }

    /// The task a call starts, also by a function that a package's table names, such as Concerto's `Task.run`. What such a task does
    /// with errors and with cancellation is not known.
    func knownSpawn(_ call: Call) -> TaskSpawn? {
        if let spawn = spawn(call) { return spawn }
        guard call.baseName == "Task", apis.takesAsyncClosure(call, label: nil), let body = call.closures.first?.closure
        else { return nil }
        return TaskSpawn(call: call, form: .task, body: body, neverFails: false)
    }

    /// The task whose closure this is.
    func spawn(owning code: Code) -> TaskSpawn? {
        guard code.kind == .closure, let (call, _) = code.node.cast(ClosureExprSyntax.self).owningCall else {
            return nil
        }
        return spawn(call)
    }
}
#endif
