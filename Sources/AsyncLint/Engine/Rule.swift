#if Lint
import SwiftSyntax

/// One mistake: a page and a check. A rule states which nodes it looks at by the protocols below; it holds no state.
protocol Rule: Sendable {
    static var page: RulePage { get }
    /// Pages of parts that are reported under their own id.
    static var parts: [RulePage] { get }
    /// Words that must all occur in a file for the rule to find anything in it: other files are not looked at.
    static var words: [String] { get }
    /// Words of which one must occur, when there are any.
    static var anyWords: [String] { get }
    init()
}

extension Rule {
    static var parts: [RulePage] { [] }
    static var anyWords: [String] { [] }
}

/// Looks at every call.
protocol CallRule: Rule {
    func check(_ call: Call, in file: FileContext)
}

/// Looks at the body of every function, accessor and closure, and at top-level code.
protocol CodeRule: Rule {
    func check(_ code: Code, in file: FileContext)
}

/// Looks at every loop.
protocol LoopRule: Rule {
    func check(_ loop: Loop, in file: FileContext)
}

/// Looks at every `try`, `try?` and `try!`.
protocol TryRule: Rule {
    func check(_ expression: TryExprSyntax, in file: FileContext)
}

/// Looks at every `do` statement.
protocol DoRule: Rule {
    func check(_ statement: DoStmtSyntax, in file: FileContext)
}

/// Looks at every variable declaration.
protocol VariableRule: Rule {
    func check(_ declaration: VariableDeclSyntax, in file: FileContext)
}

/// Looks at every `a.b`.
protocol MemberRule: Rule {
    func check(_ access: MemberAccessExprSyntax, in file: FileContext)
}

/// Looks at every class, structure, actor and enumeration, together with its extensions in the file.
protocol TypeRule: Rule {
    func check(_ type: TypeScope, in file: FileContext)
}

/// Looks at every block of statements.
protocol BlockRule: Rule {
    func check(_ block: CodeBlockItemListSyntax, in file: FileContext)
}
#endif
