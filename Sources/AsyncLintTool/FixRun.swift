#if Lint
import AsyncLint
import Foundation

/// Fixes in memory until nothing is left to fix: fixes that touch each other go in one after the other.
struct FixRun {
    struct Change {
        let path: String
        let old: [UInt8]
        let new: [UInt8]
    }

    struct Outcome {
        let changes: [Change]
        /// `path:line:column: title [rule]`, a line each.
        let list: String
        let count: Int
        /// What is found in the fixed texts.
        let report: Linter.Report

        var diff: String { changes.map { UnifiedDiff.text(path: $0.path, from: $0.old, to: $0.new) }.joined() }

        func summary(_ verb: String) -> String { "\(verb) \(count) finding\(count == 1 ? "" : "s")" }
    }

    let linter: Linter
    let paths: [String]
    let root: String
    /// Standard input, when that is what is checked.
    let buffer: Linter.Source?
    let includesSuggestions: Bool

    func run(from first: Linter.Report) async throws -> Outcome {
        var report = first
        var texts: [String: [UInt8]] = [:]
        var originals: [String: [UInt8]] = [:]
        var list = ""
        var total = 0
        for _ in 0..<10 {
            var count = 0
            for (path, findings) in Dictionary(grouping: report.findings, by: \.path).sorted(by: { $0.key < $1.key }) {
                guard findings.contains(where: { !$0.fixes.isEmpty }) else { continue }
                let old = try texts[path] ?? bytes(of: path)
                originals[path] = originals[path] ?? old
                let outcome = Fixer.apply(findings, to: old, includesSuggestions: includesSuggestions)
                guard outcome.count > 0 else { continue }
                texts[path] = outcome.bytes
                count += outcome.count
                for (finding, fix) in outcome.applied {
                    list += "\(path):\(finding.start.line):\(finding.start.column): \(fix.title) [\(finding.rule)]\n"
                }
            }
            if count == 0 { break }
            total += count
            if let buffer {
                let changed = Linter.Source(path: buffer.path, bytes: texts[buffer.path] ?? buffer.bytes)
                report = try await linter.lint(changed, beside: paths, root: root)
            } else {
                report = try await linter.lint(paths: paths, root: root, replacing: texts)
            }
        }
        let changes = texts.sorted { $0.key < $1.key }.map { path, new in
            Change(path: path, old: originals[path] ?? [], new: new)
        }
        return Outcome(changes: changes, list: list, count: total, report: report)
    }

    private func bytes(of path: String) throws -> [UInt8] {
        if let buffer, buffer.path == path { return buffer.bytes }
        return Array(try read(path.hasPrefix("/") ? path : root + "/" + path))
    }
}
#endif
