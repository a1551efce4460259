#if Lint
extension RuleCatalog {
    private static let head = "| rule | level | finds |\n|---|---|---|\n"

    /// The table of all rules, as docs/asynclint.md holds it.
    public static var table: String {
        head
            + pages.map { page in
                let level = page.severity.rawValue + (page.optIn ? ", opt-in" : "")
                return "| [\(page.id)](rules/\(page.fileName).md) | \(level) | \(page.summary) |\n"
            }.joined()
    }

    /// A text with the table in it replaced; nil when it has none.
    public static func replacingTable(in text: String) -> String? {
        guard let start = text.firstRange(of: head) else { return nil }
        var end = start.upperBound
        while end < text.endIndex, text[end] == "|" {
            guard let newline = text[end...].firstIndex(of: "\n") else {
                end = text.endIndex
                break
            }
            end = text.index(after: newline)
        }
        return text[..<start.lowerBound] + table + text[end...]
    }

    /// All rules as one JSON array. Whether a rule fixes is seen from what happens to its own examples.
    public static func json() async -> String {
        var objects: [[String: Any]] = []
        for page in pages {
            var object: [String: Any] = [
                "id": page.id, "summary": page.summary, "level": page.severity.rawValue, "optIn": page.optIn,
                "offInTests": page.quietInTests, "fix": await fix(of: page), "page": "rules/\(page.fileName).md",
                "options": page.options.map {
                    ["name": $0.name, "default": $0.fallback, "meaning": $0.meaning]
                },
            ]
            if let version = page.compilerReportsSince { object["compilerReportsSince"] = version.description }
            objects.append(object)
        }
        return ReportFormat.json(objects)
    }

    /// `safe`, `suggestion` or `none`.
    private static func fix(of page: RulePage) async -> String {
        if page.id == Suppressions.unusedPage.id { return Fix.Safety.safe.rawValue }
        var configuration = Configuration()
        configuration.only = [page.id]
        configuration.toolchain = ToolchainVersion(6, 3)
        let sources = page.reported.enumerated().map { index, example in
            Linter.Source(path: "Sources/\(index).swift", text: example.code.filter { $0 != "↓" })
        }
        var found = "none"
        for source in sources {
            configuration.rules[page.id] = Configuration.RuleSetting(state: .on)
            let fixes = await Linter(configuration: configuration, workers: 1).lint([source]).findings.flatMap(\.fixes)
            if fixes.contains(where: { $0.safety == .safe }) { return "safe" }
            if !fixes.isEmpty { found = "suggestion" }
        }
        return found
    }
}
#endif
