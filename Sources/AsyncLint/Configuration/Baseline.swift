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
    /// The folder that the paths of entries are relative to, and the one that the paths of findings are.
    private let folder: String?
    private let root: String

    /// How many findings it holds.
    public var count: Int { counts.values.reduce(0, +) }

    /// Takes down every finding that is not silenced.
    ///
    /// - Parameters:
    ///   - folder: where the baseline lies: its paths are relative to it, so that it holds from whatever folder a run starts.
    ///   - root: what the findings' paths are relative to.
    public init(_ findings: [Finding], folder: String? = nil, root: String = "") {
        self.folder = folder
        self.root = root
        for finding in findings where finding.suppression == nil { counts[entry(finding), default: 0] += 1 }
    }

    /// Reads what ``json`` wrote.
    ///
    /// - Throws: ``ConfigurationError`` when the text is no baseline.
    public init(json: Data, source: String, folder: String? = nil, root: String = "") throws {
        self.folder = folder
        self.root = root
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
            let entry = entry(finding)
            guard let count = left[entry], count > 0 else { return true }
            left[entry] = count - 1
            return false
        }
    }

    /// How many of its findings are gone.
    public func countOfFixed(in findings: [Finding]) -> Int {
        var left = counts
        for finding in findings where finding.suppression == nil {
            let entry = entry(finding)
            if let count = left[entry] { left[entry] = max(0, count - 1) }
        }
        return left.values.reduce(0, +)
    }

    private func entry(_ finding: Finding) -> Entry {
        var path = finding.path
        if let folder, !path.hasPrefix("/") {
            let full = root + "/" + path
            path = full.hasPrefix(folder + "/") ? String(full.dropFirst(folder.count + 1)) : full
        }
        return Entry(path: path, rule: finding.rule, text: finding.lineText.trimmingCharacters(in: .whitespaces))
    }
}
#endif
