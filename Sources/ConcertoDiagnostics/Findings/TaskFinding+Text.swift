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
        findings.map { $0.json.text + "\n" }.joined()
    }

    var json: JSONObject {
        JSONObject("finding") {
            $0["kind"] = .string(kind.rawValue)
            $0["text"] = .string(description)
            $0["count"] = .number(count)
            $0["tasks"] = .ids(tasks)
            $0["functions"] = .strings(functions)
            $0["advice"] = .string(advice)
        }
    }
}
