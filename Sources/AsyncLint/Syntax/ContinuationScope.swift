#if Lint
import SwiftSyntax

/// The closure of `withCheckedContinuation` and its kin, with everything it does with its continuation.
struct ContinuationScope {
    let call: Call
    let closure: ClosureExprSyntax
    /// The continuation's name; nil when the closure gives it none.
    let name: String?
    /// Calls of `resume`, at any depth.
    private(set) var resumes: [FunctionCallExprSyntax] = []
    /// The continuation is stored, passed on or captured by a closure that is: anybody may resume it.
    private(set) var escapes = false

    static let functions: Set<String> = [
        "withCheckedContinuation", "withCheckedThrowingContinuation", "withUnsafeContinuation",
        "withUnsafeThrowingContinuation",
    ]

    init?(_ call: Call) {
        guard Self.functions.contains(call.name), call.isBare || call.base?.identifier == "Swift",
            let closure = call.closures.last?.closure
        else { return nil }
        self.call = call
        self.closure = closure
        let first = closure.parameterNames.first
        name = first == "_" ? nil : first
        guard let name else { return }
        for token in closure.statements.tokens(viewMode: .sourceAccurate) where token.text == name {
            guard let reference = token.parent?.as(DeclReferenceExprSyntax.self) else { continue }
            // `x.c` names a member of something else.
            if let access = reference.parent?.as(MemberAccessExprSyntax.self), access.declName.id == reference.id {
                continue
            }
            guard let access = reference.parent?.as(MemberAccessExprSyntax.self),
                access.declName.baseName.text == "resume",
                let resume = access.parent?.as(FunctionCallExprSyntax.self)
            else {
                escapes = true
                continue
            }
            resumes.append(resume)
            if !Self.isArgument(resume, of: closure) { escapes = true }
        }
    }

    /// Whether every closure between a resume and the scope is an argument of a call: a stored closure may run anywhere.
    private static func isArgument(_ resume: FunctionCallExprSyntax, of scope: ClosureExprSyntax) -> Bool {
        var code = Code.enclosing(resume)
        while code.node.id != scope.id {
            guard code.kind == .closure, let (call, _) = code.node.cast(ClosureExprSyntax.self).owningCall else {
                return false
            }
            // A closure that is called on the spot, or wrapped in an initializer, is no callback.
            if call.name.first?.isUppercase == true, call.name != "Task" { return false }
            code = Code.enclosing(call.node)
        }
        return true
    }
}
#endif
