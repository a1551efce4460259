#if Lint
/// Checkstyle's XML: a `file` for each path, an `error` for each finding.
enum CheckstyleReporter {
    static func render(_ report: Linter.Report) -> String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n"
        var files: [String: String] = [:]
        for failure in report.failures {
            files[failure.path, default: ""] += "<error line=\"\(failure.position?.line ?? 1)\" severity=\"error\" "
            files[failure.path, default: ""] += "message=\"\(XML.attribute(failure.message))\" source=\"asynclint\"/>\n"
        }
        for finding in report.active {
            files[finding.path, default: ""] +=
                "<error line=\"\(finding.start.line)\" column=\"\(finding.start.characterColumn)\" "
                + "severity=\"\(finding.severity.rawValue)\" message=\"\(XML.attribute(finding.message))\" "
                + "source=\"asynclint.\(XML.attribute(finding.rule))\"/>\n"
        }
        for (path, errors) in files.sorted(by: { $0.key < $1.key }) {
            text += "<file name=\"\(XML.attribute(path))\">\n\(errors)</file>\n"
        }
        return text + "</checkstyle>\n"
    }
}

/// What XML 1.0 wants escaped; control characters it cannot hold become U+FFFD.
enum XML {
    static func text(_ text: String) -> String { escaped(text) }
    static func attribute(_ text: String) -> String { escaped(text) }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\r", "\t": result += "&#\(scalar.value);"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
#endif
