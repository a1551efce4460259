#if Lint
import Foundation

/// The declarations of the files below a folder, kept from one look at a document to the next. A file that has not changed is not
/// read again. One ``LanguageServer`` uses it, through its actor.
struct EditorIndex: Sendable {
    private struct Stamp: Sendable, Hashable {
        let date: Date?
        let size: Int
    }

    private struct Entry: Sendable {
        let stamp: Stamp
        let table: SymbolTable
    }

    private let root: String
    private let configuration: Configuration
    private var entries: [String: Entry] = [:]

    init(root: String, configuration: Configuration) {
        self.root = root
        self.configuration = configuration
    }

    /// The index as the disk has it now; as it was, when the task is cancelled.
    @concurrent
    func updated() async -> EditorIndex {
        let found = (try? FileDiscovery(configuration: configuration, root: root).files(below: ["."])) ?? []
        let known = entries
        let configuration = configuration
        let read = await inParallel(found, workers: ProcessInfo.processInfo.activeProcessorCount) {
            file -> (String, Entry)? in
            let attributes = try? FileManager.default.attributesOfItem(atPath: file.location)
            let stamp = Stamp(
                date: attributes?[.modificationDate] as? Date, size: (attributes?[.size] as? Int) ?? 0)
            if let entry = known[file.path], entry.stamp == stamp { return (file.path, entry) }
            let input = LintRun.Input(path: file.path, isChecked: false) {
                FileManager.default.contents(atPath: file.location).map { Array($0) }
            }
            guard case .file(_, _, let table, _) = LintRun.scan(input, configuration, nil) else { return nil }
            return (file.path, Entry(stamp: stamp, table: table))
        }
        // A cancelled scan is no scan: what it left out would look deleted.
        if Task.isCancelled { return self }
        var result = self
        result.entries = Dictionary(read.compactMap { $0 }) { $1 }
        return result
    }

    /// What a document has, off the caller's actor, beside the declarations of all other files; `open` stands for the texts of files that are being edited.
    @concurrent
    func findings(in path: String, _ text: [UInt8], open: [String: [UInt8]]) async -> [Finding] {
        let input = LintRun.Input(path: path) { text }
        switch LintRun.scan(input, configuration, nil) {
        case .finding(let finding): return [finding]
        case .failure, .nothing: return []
        case .file(_, _, let own, _):
            var symbols = SymbolTable()
            var tables = entries.mapValues(\.table)
            for (other, bytes) in open where other != path {
                let input = LintRun.Input(path: other, isChecked: false) { bytes }
                // Half-typed text declares nothing anybody can read: the file's last state stands.
                guard case .file(_, _, let table, _) = LintRun.scan(input, configuration, nil) else { continue }
                tables[other] = table
            }
            tables[path] = own
            for (_, table) in tables.sorted(by: { $0.key < $1.key }) { symbols.merge(table) }
            symbols.finish()
            var findings = LintRun.check(input, nil, configuration, symbols).filter { $0.suppression == nil }
            findings.sort { ($0.start.offset, $0.rule, $0.message) < ($1.start.offset, $1.rule, $1.message) }
            return findings
        }
    }
}
#endif
