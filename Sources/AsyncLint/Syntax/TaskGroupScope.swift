#if Lint
import SwiftSyntax

/// The body of `withTaskGroup` and its kin, with everything it does with its group.
struct TaskGroupScope {
    let call: Call
    let closure: ClosureExprSyntax
    /// The group's name; `$0` when it has none.
    let group: String
    let isThrowing: Bool
    let isDiscarding: Bool
    /// `addTask` and its kin.
    private(set) var spawns: [Call] = []
    /// `next()` and `nextResult()`.
    private(set) var nexts: [Call] = []
    /// `first(where:)` and `contains(where:)`.
    private(set) var searches: [Call] = []
    /// `for await x in group`.
    private(set) var iterations: [ForStmtSyntax] = []
    private(set) var waitsForAll = false
    private(set) var cancels = false
    /// The group goes somewhere else: anything may happen to it.
    private(set) var escapes = false

    init?(_ call: Call) {
        guard call.isBare || ["Swift", "_Concurrency"].contains(call.base?.identifier) else { return nil }
        switch call.name {
        case "withTaskGroup": (isThrowing, isDiscarding) = (false, false)
        case "withThrowingTaskGroup": (isThrowing, isDiscarding) = (true, false)
        case "withDiscardingTaskGroup": (isThrowing, isDiscarding) = (false, true)
        case "withThrowingDiscardingTaskGroup": (isThrowing, isDiscarding) = (true, true)
        default: return nil
        }
        guard let closure = call.closures.last?.closure, let name = closure.parameterNames.first else { return nil }
        self.call = call
        self.closure = closure
        group = name
        classify()
    }

    private mutating func classify() {
        var scope = self
        closure.statements.traverse { node in
            guard let reference = node.as(DeclReferenceExprSyntax.self), reference.baseName.text == group else {
                if let nested = node.as(ClosureExprSyntax.self), nested.signature != nil,
                    nested.parameterNames.contains(group)
                {
                    return .skip
                }
                return .into
            }
            scope.classify(reference)
            return .skip
        }
        self = scope
    }

    private mutating func classify(_ reference: DeclReferenceExprSyntax) {
        if let access = reference.parent?.as(MemberAccessExprSyntax.self), access.base?.id == reference.id {
            let call = access.parent?.as(FunctionCallExprSyntax.self).flatMap { Call($0) }
            switch access.declName.baseName.plainText {
            case "addTask", "addTaskUnlessCancelled", "addImmediateTask", "addImmediateTaskUnlessCancelled":
                if let call { spawns.append(call) } else { escapes = true }
            case "next", "nextResult":
                if let call { nexts.append(call) } else { escapes = true }
            case "first", "contains":
                if let call { searches.append(call) } else { escapes = true }
            case "waitForAll": waitsForAll = true
            case "cancelAll": cancels = true
            case "isEmpty", "isCancelled", "unsafeCancel": break
            default:
                if let loop = access.ancestor(ForStmtSyntax.self), access.isInside(loop.sequence) {
                    iterations.append(loop)
                } else {
                    escapes = true
                }
            }
        } else if let loop = reference.ancestor(ForStmtSyntax.self), reference.isInside(loop.sequence) {
            iterations.append(loop)
        } else {
            escapes = true
        }
    }

    /// Whether some result or error of a child is looked at.
    var consumes: Bool { !nexts.isEmpty || !searches.isEmpty || !iterations.isEmpty || waitsForAll }

    /// Whether a node repeats within the group's body.
    func isRepeated(_ node: some SyntaxProtocol) -> Bool {
        var child = Syntax(node)
        while let parent = child.parent, child.id != closure.id {
            // The head of a `while` repeats with its body, the sequence of a `for` does not.
            if let loop = Loop(parent), !(parent.is(ForStmtSyntax.self) && child.id != loop.body.id) { return true }
            // A closure such as `forEach`'s repeats too.
            if parent.is(ClosureExprSyntax.self), parent.id != closure.id { return true }
            child = parent
        }
        return false
    }
}
#endif
