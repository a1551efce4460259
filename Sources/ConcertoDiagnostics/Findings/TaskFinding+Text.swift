extension TaskFinding {
    /// Findings for a person, a few lines each.
    public static func text(_ findings: [TaskFinding]) -> String {
        if findings.isEmpty { return "\nNothing looks wrong.\n" }
        let lines = findings.flatMap { finding in
            [
                "  \(finding.description)",
                "      where: \(finding.functions.isEmpty ? "no stack" : finding.functions.joined(separator: " < "))",
                "      tasks: \(finding.tasks.map { "#\($0)" }.joined(separator: " "))"
                    + (finding.count > finding.tasks.count ? " …" : ""),
                "      do: \(finding.advice)",
            ]
        }
        return (["", "Findings"] + lines).joined(separator: "\n") + "\n"
    }

    /// Findings for programs: a line of JSON each, of type `finding`.
    public static func jsonLines(_ findings: [TaskFinding]) -> String {
        findings.map { finding in
            JSONObject("finding") {
                $0["kind"] = .string(finding.kind.rawValue)
                $0["text"] = .string(finding.description)
                $0["count"] = .number(finding.count)
                $0["tasks"] = .ids(finding.tasks)
                $0["functions"] = .strings(finding.functions)
                $0["advice"] = .string(finding.advice)
            }.text + "\n"
        }.joined()
    }
}
