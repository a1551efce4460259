#if Lint
/// Workflow commands, one a line: `::warning file=…,line=…::message`.
enum GitHubReporter {
    static func render(_ report: Linter.Report) -> String {
        var text = ""
        for failure in report.failures {
            let place = failure.position.map { ",line=\($0.line),col=\($0.characterColumn)" } ?? ""
            text += "::error file=\(property(failure.path))\(place),title=asynclint::\(data(failure.message))\n"
        }
        for finding in report.active {
            let command =
                switch finding.severity {
                case .info: "notice"
                case .warning: "warning"
                case .error: "error"
                }
            var place = "line=\(finding.start.line),endLine=\(finding.end.line),col=\(finding.start.characterColumn)"
            // GitHub takes an end column only where the range stays on one line.
            if finding.end.line == finding.start.line { place += ",endColumn=\(finding.end.characterColumn)" }
            text += "::\(command) file=\(property(finding.path)),\(place),title=\(property(finding.rule))"
            text += "::\(data(finding.message))\n"
        }
        return text
    }

    private static func data(_ text: String) -> String {
        text.map { character -> String in
            switch character {
            case "%": "%25"
            case "\r": "%0D"
            case "\n", "\r\n": "%0A"
            default: String(character)
            }
        }.joined()
    }

    private static func property(_ text: String) -> String {
        data(text).map { character -> String in
            switch character {
            case ":": "%3A"
            case ",": "%2C"
            default: String(character)
            }
        }.joined()
    }
}
#endif
