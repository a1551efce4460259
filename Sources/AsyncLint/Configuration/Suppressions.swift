#if Lint
import Foundation
import SwiftSyntax

/// The comments of a file that silence findings: `// asynclint:ignore:next RULE — REASON`, `…:this …` at the end of a line,
/// `…:file …` for the whole file. A reason is required; a comment that silences nothing is reported.
struct Suppressions {
    static let unusedPage = RulePage(
        id: "unused-suppression", summary: "An `asynclint:ignore` comment that silences nothing.", severity: .warning,
        needsAsync: false,
        why:
            "The mistake it excused is gone, or it never was where the comment points. Left in place, it hides the next one.",
        instead: "Delete the comment.",
        reported: [], clean: [])
    static let invalidPage = RulePage(
        id: "invalid-suppression", summary: "An `asynclint:ignore` comment without a reason, or for no known rule.",
        severity: .warning, needsAsync: false,
        why: "A silenced finding without a reason cannot be reviewed: nobody knows when it stops being true.",
        instead: "Write `// asynclint:ignore:next rule-id — reason`. Until then the comment silences nothing.",
        reported: [], clean: [])

    private struct Entry {
        let rules: [String]
        let reason: String
        /// Nil for the whole file.
        let line: Int?
        let start: SourcePosition
        let end: SourcePosition
        var isUsed = false
    }

    private var entries: [Entry] = []
    private var invalid: [(SourcePosition, SourcePosition, String)] = []

    init(_ tree: SourceFileSyntax, source: SourceText) {
        guard source.contains("asynclint:") else { return }
        for token in tree.tokens(viewMode: .sourceAccurate) {
            var offset = token.position.utf8Offset
            for piece in token.leadingTrivia {
                if case .lineComment(let text) = piece {
                    add(text, offset: offset, token: token, trailing: false, source)
                }
                offset += piece.sourceLength.utf8Length
            }
            offset = token.endPositionBeforeTrailingTrivia.utf8Offset
            for piece in token.trailingTrivia {
                if case .lineComment(let text) = piece {
                    add(text, offset: offset, token: token, trailing: true, source)
                }
                offset += piece.sourceLength.utf8Length
            }
        }
    }

    private mutating func add(_ text: String, offset: Int, token: TokenSyntax, trailing: Bool, _ source: SourceText) {
        let words = text.drop { $0 == "/" || $0 == " " }
        guard words.hasPrefix("asynclint:") else { return }
        let start = source.position(offset)
        let end = source.position(offset + text.utf8.count)
        let command = words.dropFirst("asynclint:".count)
        let scopes = ["ignore:next", "ignore:this", "ignore:file"]
        guard let scope = scopes.first(where: { command.hasPrefix($0) }) else {
            invalid.append(
                (
                    start, end,
                    "unknown comment 'asynclint:\(command.prefix { $0 != " " })'; write asynclint:ignore:next rule — reason"
                ))
            return
        }
        let rest = command.dropFirst(scope.count)
        // The reason begins behind the first dash or colon that stands free.
        var names = rest
        var reason = Substring("")
        for separator in [" — ", " – ", " -- ", " - ", ": "] {
            if let found = rest.range(of: separator) {
                let head = rest[..<found.lowerBound]
                if head.count < names.count {
                    names = head
                    reason = rest[found.upperBound...]
                }
            }
        }
        let rules = names.split { $0 == "," || $0 == " " }.map(String.init)
        let unknown = rules.filter { RuleCatalog.page(of: $0) == nil }
        if let first = unknown.first {
            invalid.append(
                (start, end, "unknown rule '\(first)'\(nearest(to: first, among: RuleCatalog.pages.map(\.id)))"))
            return
        }
        guard !rules.isEmpty else {
            invalid.append((start, end, "names no rule; write asynclint:\(scope) rule — reason"))
            return
        }
        let because = reason.drop { $0 == " " }
        guard because.contains(where: \.isLetter) else {
            invalid.append((start, end, "gives no reason; write asynclint:\(scope) \(rules[0]) — reason"))
            return
        }
        let line: Int? =
            switch scope {
            case "ignore:next":
                source.position(
                    (trailing ? token.nextToken(viewMode: .sourceAccurate) ?? token : token)
                        .positionAfterSkippingLeadingTrivia.utf8Offset
                ).line
            case "ignore:this": start.line
            default: nil
            }
        entries.append(Entry(rules: rules, reason: String(because), line: line, start: start, end: end))
    }

    /// Marks the findings that a comment silences, and adds findings about the comments themselves.
    mutating func apply(to findings: [Finding], in file: FileContext) -> [Finding] {
        guard !entries.isEmpty || !invalid.isEmpty else { return findings }
        var result = findings
        for index in result.indices {
            for entry in entries.indices {
                let line = entries[entry].line
                guard line == nil || line == result[index].start.line else { continue }
                guard
                    entries[entry].rules.contains(where: {
                        result[index].rule == $0 || result[index].rule.hasPrefix($0 + "/")
                    })
                else { continue }
                entries[entry].isUsed = true
                if result[index].suppression == nil { result[index].suppression = entries[entry].reason }
            }
        }
        func finding(
            _ page: RulePage, _ start: SourcePosition, _ end: SourcePosition, _ message: String, _ fixes: [Fix]
        ) {
            guard let severity = file.settings.severity(of: page.id) else { return }
            result.append(
                Finding(
                    rule: page.id, severity: severity, message: message, path: file.path, start: start, end: end,
                    lineText: file.source.line(start.line), notes: [], fixes: fixes))
        }
        for (start, end, message) in invalid { finding(Self.invalidPage, start, end, message, []) }
        for entry in entries where !entry.isUsed {
            // A rule that is off here finds nothing: that says nothing about the comment.
            guard entry.rules.allSatisfy({ file.settings.severity(of: $0) != nil }) else { continue }
            finding(
                Self.unusedPage, entry.start, entry.end,
                "nothing to ignore: \(entry.rules.joined(separator: ", ")) reports nothing here; delete the comment",
                [Fix(title: "delete the comment", safety: .safe, edits: [removal(of: entry, in: file.source)])])
        }
        return result
    }

    /// A comment alone on its line goes with the line.
    private func removal(of entry: Entry, in source: SourceText) -> Fix.Edit {
        var start = entry.start.offset
        var end = entry.end.offset
        while start > 0, [0x20, 0x09].contains(source.bytes[start - 1]) { start -= 1 }
        if start == 0 || source.bytes[start - 1] == 0x0A, end < source.bytes.count, source.bytes[end] == 0x0A {
            end += 1
        }
        return Fix.Edit(start: start, end: end, text: "")
    }
}
#endif
