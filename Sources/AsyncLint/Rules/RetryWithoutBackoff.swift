#if Lint
import SwiftSyntax

struct RetryWithoutBackoff: LoopRule, DoRule {
    static let words = ["await"]

    func check(_ loop: Loop, in file: FileContext) {
        guard let retry = RetryLoop(loop, in: file), !loop.head.hasOwnLevel({ $0.isSuspension }) else { return }
        check(retry, in: file)
    }

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        if let retry = RetryLoop(recursive: statement, in: file) { check(retry, in: file) }
    }

    private func check(_ retry: RetryLoop, in file: FileContext) {
        if retry.consumesElement { return }
        let pauses = retry.between { node in
            if node.isSuspension { return true }
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
            let name = call.name.lowercased()
            return ["sleep", "backoff", "delay", "wait", "pause", "yield"].contains { name.contains($0) }
        }
        if pauses { return }
        // An attempt that begins with a pause has one.
        let sleeps = retry.attempt.hasOwnLevel { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
            return call.name.lowercased().contains("sleep") || call.name.lowercased().contains("backoff")
        }
        if sleeps { return }
        file.report(
            Self.self, at: retry.keyword,
            "a failed attempt is tried again at once; pause between attempts, longer each time",
            notes: [(retry.clause.map { Syntax($0) } ?? retry.attempt, "goes round without a pause")])
    }
}
#endif
