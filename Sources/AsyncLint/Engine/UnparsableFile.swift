#if Lint
import SwiftSyntax

/// A file that the parser does not understand, as a finding: it has a level, and the run goes on.
enum UnparsableFile {
    static let page = RulePage(
        id: "unparsable-file", summary: "A file that cannot be parsed: no rule ran on it.", severity: .warning,
        needsAsync: false,
        why: """
            Dead example code, a template that is no Swift yet, or syntax newer than this tool. Whatever it declares is unknown to the \
            rules, and whatever is wrong in it is not found.
            """,
        instead: "Mend the file, or take it off the run with `exclude`, or lower the level of this rule.",
        reported: [], clean: [])

    static func finding(
        _ tree: SourceFileSyntax, _ text: SourceText, _ path: String, _ configuration: Configuration
    ) -> Finding? {
        guard let severity = configuration.settings(for: path).severity(of: page.id) else { return nil }
        let (offset, what) = firstError(in: Syntax(tree))
        let last = max(text.bytes.count - 1, 0)
        let start = text.position(min(offset, last))
        return Finding(
            rule: page.id, severity: severity, message: "\(what); no rule ran on this file", path: path, start: start,
            end: text.position(min(start.offset + 1, text.bytes.count)), lineText: text.line(start.line), notes: [],
            fixes: [])
    }

    /// Goes down to where the parser first missed or found something it did not expect.
    private static func firstError(in root: Syntax) -> (offset: Int, what: String) {
        var node = root
        while true {
            let offset = node.positionAfterSkippingLeadingTrivia.utf8Offset
            if node.is(UnexpectedNodesSyntax.self) {
                let text = node.trimmedDescription.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                return (offset, "'\(text.prefix(40))' is not expected here")
            }
            if let token = node.as(TokenSyntax.self), token.presence == .missing {
                let text = token.text.isEmpty ? "something" : "'\(token.text)'"
                return (offset, "\(text) is missing here")
            }
            guard let child = node.children(viewMode: .all).first(where: \.hasError) else {
                return (offset, "this cannot be parsed")
            }
            node = child
        }
    }
}
#endif
