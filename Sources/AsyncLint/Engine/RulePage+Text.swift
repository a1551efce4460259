#if Lint
extension RulePage {
    /// The page as `docs/rules` keeps it.
    public var markdown: String {
        var text = "# \(id)\n\n\(summary)\n\n"
        text +=
            "Severity: **\(severity.rawValue)**" + (optIn ? ", opt-in" : "") + (quietInTests ? ", off in tests" : "")
        if let version = compilerReportsSince { text += "; the compiler reports it from Swift \(version)" }
        text += ".\n\n## Why\n\n\(why)\n\n## Instead\n\n\(instead)\n"
        if !limits.isEmpty { text += "\n## Limits\n\n\(limits)\n" }
        if !options.isEmpty {
            text += "\n## Options\n\n| option | default | meaning |\n|---|---|---|\n"
            for option in options { text += "| `\(option.name)` | `\(option.fallback)` | \(option.meaning) |\n" }
        }
        text += Self.section("Reported", "`↓` marks where.", reported)
        text += Self.section(
            "Not reported", "Each records a false positive that this rule, or one like it, once had.", clean)
        return text
    }

    /// The page as `--explain` prints it.
    public var plainText: String {
        var text = "\(id): \(summary)\n"
        text += "severity \(severity.rawValue)" + (optIn ? ", opt-in" : "") + (quietInTests ? ", off in tests" : "")
        if let version = compilerReportsSince { text += "; the compiler reports it from Swift \(version)" }
        text += "\n\nWhy\n\(Self.wrapped(why))\n\nInstead\n\(Self.wrapped(instead))\n"
        if !limits.isEmpty { text += "\nLimits\n\(Self.wrapped(limits))\n" }
        for option in options { text += "\nOption \(option.name) (default \(option.fallback)): \(option.meaning)\n" }
        for (title, examples) in [("Reported (↓ marks where)", reported), ("Not reported", clean)]
        where !examples.isEmpty {
            text += "\n\(title)\n"
            for example in examples {
                let options = example.options.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                text += "  // \(example.name)" + (options.isEmpty ? "" : " (\(options.joined(separator: ", ")))") + "\n"
                for line in example.code.split(separator: "\n", omittingEmptySubsequences: false) {
                    text += "  \(line)\n"
                }
            }
        }
        return text
    }

    private static func section(_ title: String, _ remark: String, _ examples: [Example]) -> String {
        guard !examples.isEmpty else { return "" }
        var text = "\n## \(title)\n\n\(remark)\n"
        for example in examples {
            text += "\n**\(example.name)**"
            if !example.options.isEmpty {
                text += " ("
                text += example.options.sorted { $0.key < $1.key }.map { "`\($0.key): \($0.value)`" }.joined(
                    separator: ", ")
                text += ")"
            }
            text += "\n\n```swift\n\(example.code)\n```\n"
        }
        return text
    }

    private static func wrapped(_ text: String) -> String {
        var lines: [String] = []
        var line = " "
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.count + word.count + 1 > 90 {
                lines.append(line)
                line = " "
            }
            line += " " + word
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
#endif
