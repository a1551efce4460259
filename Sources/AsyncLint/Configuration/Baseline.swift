#if Lint
import Foundation

/// Findings that were there before: a run reports only what is new. An entry matches by path, rule and the text of the line,
/// so that moved code still matches, and as often as it was counted.
public struct Baseline: Sendable {
    private struct Entry: Codable, Hashable {
        let path: String
        let rule: String
        let text: String
    }

    private struct Counted: Codable {
        let path: String
        let rule: String
        let text: String
        let count: Int
    }

    private var counts: [Entry: Int] = [:]

    /// Takes down every finding that is not silenced.
    public init(_ findings: [Finding]) {
        for finding in findings where finding.suppression == nil { counts[Self.entry(finding), default: 0] += 1 }
    }

    /// Reads what ``json`` wrote.
    ///
    /// - Throws: ``ConfigurationError`` when the text is no baseline.
    public init(json: Data, source: String) throws {
        do {
            for item in try JSONDecoder().decode([Counted].self, from: json) {
                counts[Entry(path: item.path, rule: item.rule, text: item.text), default: 0] += item.count
            }
        } catch {
            throw ConfigurationError(
                source: source, problems: ["is no baseline; write one with --write-baseline (\(error))"])
        }
    }

    /// The file's text: sorted, one finding after the other, the same for the same findings.
    public var json: String {
        let items = counts.map { Counted(path: $0.key.path, rule: $0.key.rule, text: $0.key.text, count: $0.value) }
            .sorted { ($0.path, $0.rule, $0.text) < ($1.path, $1.rule, $1.text) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(items)) ?? Data("[]".utf8)
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// The findings that the baseline does not know.
    public func new(in findings: [Finding]) -> [Finding] {
        var left = counts
        return findings.filter { finding in
            guard finding.suppression == nil else { return true }
            let entry = Self.entry(finding)
            guard let count = left[entry], count > 0 else { return true }
            left[entry] = count - 1
            return false
        }
    }

    private static func entry(_ finding: Finding) -> Entry {
        Entry(path: finding.path, rule: finding.rule, text: finding.lineText.trimmingCharacters(in: .whitespaces))
    }
}
#endif
