#if Lint
/// How often each rule found something, most first.
public enum Statistics {
    /// A table: count, rule, how many can be fixed, and the rule's line.
    public static func table(_ report: Linter.Report) -> String {
        var counts: [String: (all: Int, safe: Int, suggested: Int)] = [:]
        for finding in report.active {
            var entry = counts[finding.rule] ?? (0, 0, 0)
            entry.all += 1
            if finding.fixes.contains(where: { $0.safety == .safe }) {
                entry.safe += 1
            } else if !finding.fixes.isEmpty {
                entry.suggested += 1
            }
            counts[finding.rule] = entry
        }
        let width = counts.keys.map(\.count).max() ?? 0
        var text = ""
        for (rule, entry) in counts.sorted(by: { ($1.value.all, $0.key) < ($0.value.all, $1.key) }) {
            let number = String(entry.all)
            text += String(repeating: " ", count: max(6 - number.count, 0)) + number + "  "
            text += rule + String(repeating: " ", count: width - rule.count + 2)
            var notes: [String] = []
            if entry.safe > 0 { notes.append("\(entry.safe) safe fix\(entry.safe == 1 ? "" : "es")") }
            if entry.suggested > 0 { notes.append("\(entry.suggested) suggestion\(entry.suggested == 1 ? "" : "s")") }
            text += notes.joined(separator: ", ")
            while text.last == " " { text.removeLast() }
            text += "\n"
        }
        return text
    }
}
#endif
