#if Lint
/// The lines that compilers print and editors understand.
struct TextReporter {
    let style: ReportStyle

    func render(_ report: Linter.Report) -> String {
        var text = ""
        for failure in report.failures {
            let place = failure.position.map { ":\($0.line):\($0.column)" } ?? ""
            text += "\(path(failure.path))\(place): \(word(.error)): \(failure.message)\n"
        }
        for finding in report.active { render(finding, into: &text) }
        return text
    }

    private func render(_ finding: Finding, into text: inout String) {
        text += line(finding.path, finding.start, word(finding.severity), finding.message + " [\(finding.rule)]")
        if style.showsSource {
            text += finding.lineText + "\n"
            let length = finding.end.line == finding.start.line ? finding.end.column - finding.start.column : 1
            let head = finding.lineText.utf8.prefix(finding.start.column - 1).map { $0 == 0x09 ? "\t" : " " }.joined()
            text += head + color("^" + String(repeating: "~", count: max(length - 1, 0)), "32") + "\n"
        }
        for note in finding.notes { text += line(finding.path, note.position, color("note", "36"), note.message) }
        for fix in finding.fixes {
            let how = fix.safety == .safe ? "fix (--fix applies it)" : "suggestion"
            text += line(finding.path, finding.start, color("note", "36"), "\(how): \(fix.title)")
        }
    }

    private func line(_ file: String, _ position: SourcePosition, _ word: String, _ message: String) -> String {
        "\(path(file)):\(position.line):\(position.column): \(word): \(message)\n"
    }

    private func path(_ path: String) -> String { path.hasPrefix("/") ? path : style.pathPrefix + path }

    private func word(_ severity: Severity) -> String {
        switch severity {
        case .error: color("error", "31")
        case .warning: color("warning", "35")
        case .info: color("remark", "34")
        }
    }

    private func color(_ text: String, _ code: String) -> String {
        style.usesColor ? "\u{1B}[1;\(code)m\(text)\u{1B}[0m" : text
    }
}
#endif
