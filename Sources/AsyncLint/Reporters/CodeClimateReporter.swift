#if Lint
/// Code Climate's list of issues, as GitLab's merge requests show it.
enum CodeClimateReporter {
    static func render(_ report: Linter.Report) -> String {
        var issues: [[String: Any]] = report.failures.map { failure in
            issue(
                "not-checked", failure.message, failure.path, line: failure.position?.line ?? 1, "major",
                "not-checked:" + failure.path)
        }
        issues += report.active.map { finding in
            let severity =
                switch finding.severity {
                case .info: "info"
                case .warning: "minor"
                case .error: "major"
                }
            return issue(
                finding.rule, finding.message, finding.path, line: finding.start.line, severity, finding.fingerprint)
        }
        return ReportFormat.json(issues)
    }

    private static func issue(
        _ rule: String, _ message: String, _ path: String, line: Int, _ severity: String, _ fingerprint: String
    ) -> [String: Any] {
        [
            "type": "issue", "check_name": rule, "description": message, "categories": ["Bug Risk"],
            "severity": severity, "fingerprint": fingerprint,
            "location": ["path": path, "lines": ["begin": line]] as [String: Any],
        ]
    }
}
#endif
