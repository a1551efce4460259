#if Lint
import SwiftSyntax

/// Which branches of `#if compiler(…)` and `#if swift(…)` a compiler leaves out.
struct BuildConditions {
    let toolchain: ToolchainVersion

    /// Whether the clause is known not to be compiled: its own condition does not hold, or that of one above it does.
    func leavesOut(_ clause: IfConfigClauseSyntax) -> Bool {
        if let condition = clause.condition, holds(condition) == false { return true }
        guard let clauses = clause.parent?.as(IfConfigClauseListSyntax.self) else { return false }
        for earlier in clauses {
            if earlier.id == clause.id { return false }
            if let condition = earlier.condition, holds(condition) == true { return true }
        }
        return false
    }

    /// Whether a condition holds; nil where that depends on more than the compiler.
    func holds(_ condition: ExprSyntax) -> Bool? {
        let text = condition.trimmedDescription.filter { !$0.isWhitespace }
        if text.hasPrefix("!"), !text.contains("&&"), !text.contains("||") {
            return holds(String(text.dropFirst())).map { !$0 }
        }
        return holds(text)
    }

    private func holds(_ text: String) -> Bool? {
        for (name, mode) in [("compiler", false), ("swift", true)] {
            for (sign, isLower) in [(">=", true), ("<", false)] {
                let head = name + "(" + sign
                guard text.hasPrefix(head), text.hasSuffix(")"),
                    let version = ToolchainVersion(String(text.dropFirst(head.count).dropLast()))
                else { continue }
                return atLeast(version, isMode: mode).map { isLower ? $0 : !$0 }
            }
        }
        return nil
    }

    /// `swift(…)` asks for the language mode, which may be an older one: Swift 5 mode says 5.10.
    private func atLeast(_ version: ToolchainVersion, isMode: Bool) -> Bool? {
        if version > toolchain { return false }
        return isMode && version > ToolchainVersion(5, 10) ? nil : true
    }
}
#endif
