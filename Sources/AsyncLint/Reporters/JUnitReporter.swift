#if Lint
/// JUnit's XML as CI servers read it: a test case for each finding, failed where it is at or above `warning`.
enum JUnitReporter {
    static func render(_ report: Linter.Report) -> String {
        let findings = report.active
        let failed = findings.count { $0.severity > .info }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text +=
            "<testsuites><testsuite name=\"asynclint\" tests=\"\(findings.count)\" failures=\"\(failed)\" errors=\"\(report.failures.count)\">\n"
        for finding in findings {
            text +=
                "<testcase classname=\"\(XML.attribute(finding.path))\" name=\"\(XML.attribute(finding.rule)) line \(finding.start.line)\""
            if finding.severity == .info {
                text += "/>\n"
            } else {
                text += "><failure type=\"\(finding.severity.rawValue)\" message=\"\(XML.attribute(finding.message))\">"
                text += XML.text("\(finding.path):\(finding.start.line):\(finding.start.column)")
                text += "</failure></testcase>\n"
            }
        }
        for failure in report.failures {
            text += "<testcase classname=\"\(XML.attribute(failure.path))\" name=\"not checked\">"
            text += "<error message=\"\(XML.attribute(failure.message))\"/></testcase>\n"
        }
        return text + "</testsuite></testsuites>\n"
    }
}
#endif
