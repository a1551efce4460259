#if Lint
import SwiftSyntax

/// Goes through a file once and hands every node to the rules that look at its kind.
final class FileWalker: SyntaxVisitor {
    private let rules: RuleSet
    private let file: FileContext
    private let conditions: BuildConditions

    init(rules: RuleSet, file: FileContext) {
        self.rules = rules
        self.file = file
        conditions = BuildConditions(toolchain: file.settings.toolchain)
        super.init(viewMode: .sourceAccurate)
    }

    /// What the compiler leaves out is not looked at.
    override func visit(_ node: IfConfigClauseSyntax) -> SyntaxVisitorContinueKind {
        conditions.leavesOut(node) ? .skipChildren : .visitChildren
    }

    private func code(_ node: some SyntaxProtocol) -> SyntaxVisitorContinueKind {
        if let code = Code(Syntax(node)), code.statements != nil {
            for rule in rules.code { rule.check(code, in: file) }
        }
        return .visitChildren
    }

    private func loop(_ node: some SyntaxProtocol) -> SyntaxVisitorContinueKind {
        if let loop = Loop(Syntax(node)) {
            for rule in rules.loops { rule.check(loop, in: file) }
        }
        return .visitChildren
    }

    private func type(_ node: some DeclGroupSyntax) -> SyntaxVisitorContinueKind {
        if !rules.types.isEmpty, let scope = TypeScope(Syntax(node)) {
            for rule in rules.types { rule.check(scope, in: file) }
        }
        return .visitChildren
    }

    override func visit(_ node: ClassDeclSyntax) -> SyntaxVisitorContinueKind { type(node) }
    override func visit(_ node: StructDeclSyntax) -> SyntaxVisitorContinueKind { type(node) }
    override func visit(_ node: ActorDeclSyntax) -> SyntaxVisitorContinueKind { type(node) }
    override func visit(_ node: EnumDeclSyntax) -> SyntaxVisitorContinueKind { type(node) }
    override func visit(_ node: SourceFileSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: InitializerDeclSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: DeinitializerDeclSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: AccessorDeclSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: AccessorBlockSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind { code(node) }
    override func visit(_ node: WhileStmtSyntax) -> SyntaxVisitorContinueKind { loop(node) }
    override func visit(_ node: RepeatStmtSyntax) -> SyntaxVisitorContinueKind { loop(node) }
    override func visit(_ node: ForStmtSyntax) -> SyntaxVisitorContinueKind { loop(node) }

    override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
        if let call = Call(node) {
            for rule in rules.calls { rule.check(call, in: file) }
        }
        return .visitChildren
    }

    override func visit(_ node: TryExprSyntax) -> SyntaxVisitorContinueKind {
        for rule in rules.tries { rule.check(node, in: file) }
        return .visitChildren
    }

    override func visit(_ node: DoStmtSyntax) -> SyntaxVisitorContinueKind {
        for rule in rules.dos { rule.check(node, in: file) }
        return .visitChildren
    }

    override func visit(_ node: VariableDeclSyntax) -> SyntaxVisitorContinueKind {
        for rule in rules.variables { rule.check(node, in: file) }
        return .visitChildren
    }

    override func visit(_ node: MemberAccessExprSyntax) -> SyntaxVisitorContinueKind {
        for rule in rules.members { rule.check(node, in: file) }
        return .visitChildren
    }

    override func visit(_ node: CodeBlockItemListSyntax) -> SyntaxVisitorContinueKind {
        for rule in rules.blocks { rule.check(node, in: file) }
        return .visitChildren
    }
}
#endif
