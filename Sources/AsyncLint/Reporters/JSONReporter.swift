#if Lint
/// A report as one object: `findings`, `failures`, `files`, `bytes`.
enum JSONReporter {
    static func render(_ report: Linter.Report) -> String {
        ReportFormat.json([
            "version": 1,
            "files": report.fileCount,
            "bytes": report.byteCount,
            "findings": report.findings.map(object),
            "failures": report.failures.map { failure in
                var object: [String: Any] = ["path": failure.path, "message": failure.message]
                if let position = failure.position { object["position"] = Self.object(position) }
                return object
            },
        ])
    }

    private static func object(_ position: SourcePosition) -> [String: Any] {
        ["line": position.line, "column": position.column, "offset": position.offset]
    }

    private static func object(_ finding: Finding) -> [String: Any] {
        var object: [String: Any] = [
            "rule": finding.rule, "severity": finding.severity.rawValue, "message": finding.message,
            "path": finding.path, "start": Self.object(finding.start), "end": Self.object(finding.end),
            "source": finding.lineText, "fingerprint": finding.fingerprint,
            "notes": finding.notes.map {
                ["position": Self.object($0.position), "message": $0.message] as [String: Any]
            },
            "fixes": finding.fixes.map { fix in
                [
                    "title": fix.title, "safety": fix.safety.rawValue,
                    "edits": fix.edits.map { ["start": $0.start, "end": $0.end, "text": $0.text] as [String: Any] },
                ] as [String: Any]
            },
        ]
        if let reason = finding.suppression { object["suppression"] = reason }
        return object
    }
}
#endif
