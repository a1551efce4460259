#if Lint
import SwiftSyntax

extension FileContext {
    /// Whether a fix may write `try` where a node stands: the function around it throws any error, and no `defer`, closure or `do`
    /// that catches lies between. A `do` whose calls throw one type would infer another, and its catches might not compile.
    func mayThrow(at node: some SyntaxProtocol) -> Bool {
        let code = Code.enclosing(node)
        guard code.throwsAnyError else { return false }
        var child = Syntax(node)
        while let parent = child.parent, parent.id != code.node.id {
            if parent.is(DeferStmtSyntax.self) { return false }
            if let statement = parent.as(DoStmtSyntax.self), child.id == statement.body.id,
                !statement.catchClauses.isEmpty || statement.throwsClause != nil
            {
                return false
            }
            child = parent
        }
        return true
    }

    /// Whether a fix may write `return` where a node stands, and nothing but an early end comes of it.
    func mayReturn(at node: some SyntaxProtocol) -> Bool {
        let code = Code.enclosing(node)
        guard code.returnsVoid, code.kind != .initializer, code.kind != .topLevel else { return false }
        var next = node.parent
        while let parent = next, parent.id != code.node.id {
            if parent.is(DeferStmtSyntax.self) { return false }
            next = parent.parent
        }
        return true
    }

    // MARK: Edits

    /// Replaces a node's text, leaving the space and comments around it.
    func replace(_ node: some SyntaxProtocol, by text: String) -> Fix.Edit {
        Fix.Edit(
            start: node.positionAfterSkippingLeadingTrivia.utf8Offset,
            end: node.endPositionBeforeTrailingTrivia.utf8Offset, text: text)
    }

    func insert(_ text: String, before node: some SyntaxProtocol) -> Fix.Edit {
        let offset = node.positionAfterSkippingLeadingTrivia.utf8Offset
        return Fix.Edit(start: offset, end: offset, text: text)
    }

    func insert(_ text: String, after node: some SyntaxProtocol) -> Fix.Edit {
        let offset = node.endPositionBeforeTrailingTrivia.utf8Offset
        return Fix.Edit(start: offset, end: offset, text: text)
    }

    /// The text of a node as it is written, without the space and comments around it.
    func text(of node: some SyntaxProtocol) -> String {
        let range =
            node.positionAfterSkippingLeadingTrivia.utf8Offset..<node.endPositionBeforeTrailingTrivia.utf8Offset
        return String(decoding: source.bytes[range], as: UTF8.self)
    }

    /// The spaces a node's line begins with.
    func indentation(of node: some SyntaxProtocol) -> String {
        let line = source.line(source.position(node.positionAfterSkippingLeadingTrivia.utf8Offset).line)
        return String(line.prefix { $0 == " " || $0 == "\t" })
    }

    /// Whether two nodes begin on the same line.
    func sameLine(_ one: some SyntaxProtocol, _ other: some SyntaxProtocol) -> Bool {
        source.position(one.positionAfterSkippingLeadingTrivia.utf8Offset).line
            == source.position(other.positionAfterSkippingLeadingTrivia.utf8Offset).line
    }
}
#endif
