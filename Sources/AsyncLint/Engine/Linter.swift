#if Lint
import Foundation

/// Finds asynchronous mistakes in Swift sources.
///
/// A run has two passes: the first parses every file and collects what it declares, the second applies the rules with the
/// declarations of all files at hand. Trees are not kept between them beyond a few megabytes of source, so that memory does not grow
/// with the code. Both passes run on all cores; the findings come in the order of path and place, always the same.
/// Cancelling the task that runs it ends the run early with what was found so far.
public struct Linter: Sendable {
    /// A file to check: its name, relative to the root, and its text.
    public struct Source: Sendable {
        /// The path that findings carry.
        public let path: String
        /// The text's bytes.
        public let bytes: [UInt8]

        /// Creates a source from bytes.
        public init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }

        /// Creates a source from text.
        public init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }
    }

    /// A file that could not be checked.
    public struct Failure: Sendable, Codable {
        /// The file.
        public let path: String
        /// Where it stops making sense; nil when it could not be read.
        public let position: SourcePosition?
        /// Why.
        public let message: String
    }

    /// What a run found.
    public struct Report: Sendable, Codable {
        /// Findings by path and place; silenced ones included.
        public var findings: [Finding]
        /// Files that were not checked.
        public var failures: [Failure]
        /// How many files were checked.
        public let fileCount: Int
        /// How many bytes they have.
        public let byteCount: Int
        /// How many findings a baseline knew.
        public var knownCount = 0

        /// The findings that nothing silences.
        public var active: [Finding] { findings.filter { $0.suppression == nil } }
    }

    /// What the run goes by.
    public let configuration: Configuration
    private let workers: Int

    /// Creates a linter that works on all cores.
    public init(configuration: Configuration = Configuration(), workers: Int? = nil) {
        self.configuration = configuration
        self.workers = workers ?? ProcessInfo.processInfo.activeProcessorCount
    }

    /// Checks texts.
    public func lint(_ sources: [Source]) async -> Report {
        await run(over: sources.map { source in LintRun.Input(path: source.path) { source.bytes } })
    }

    /// Checks one text, such as an editor's buffer, with the declarations of files and folders at hand; they are not checked.
    ///
    /// - Throws: ``ConfigurationError`` when a path does not exist.
    public func lint(_ source: Source, beside paths: [String], root: String) async throws -> Report {
        var inputs = [LintRun.Input(path: source.path) { source.bytes }]
        if !paths.isEmpty {
            let files = try FileDiscovery(configuration: configuration, root: root).files(below: paths)
            for file in files where file.path != source.path {
                inputs.append(
                    LintRun.Input(path: file.path, isChecked: false) {
                        FileManager.default.contents(atPath: file.location).map { Array($0) }
                    })
            }
        }
        return await run(over: inputs)
    }

    /// Checks files and folders, named relative to `root` or absolute. Folders are searched for Swift files.
    ///
    /// - Parameters:
    ///   - cache: where the report of an earlier run over the same texts may lie, and where this one is put.
    ///   - replacing: texts that stand for those of files.
    /// - Throws: ``ConfigurationError`` when a path does not exist.
    public func lint(
        paths: [String], root: String, cache: ResultCache? = nil, replacing: [String: [UInt8]] = [:]
    ) async throws -> Report {
        let files = try FileDiscovery(configuration: configuration, root: root).files(below: paths)
        let inputs = files.map { file in
            LintRun.Input(path: file.path) {
                replacing[file.path] ?? FileManager.default.contents(atPath: file.location).map { Array($0) }
            }
        }
        guard let cache else { return await run(over: inputs) }
        let hashes = await inParallel(inputs, workers: workers) { input in
            (path: input.path, hash: input.bytes().map { ContentHash($0) })
        }
        let key = cache.key(of: hashes)
        if let known = cache.report(for: key) { return known }
        let report = await run(over: inputs)
        if !Task.isCancelled { cache.store(report, for: key) }
        return report
    }

    private func run(over inputs: [LintRun.Input]) async -> Report {
        await LintRun(configuration: configuration, workers: workers, inputs: inputs).report()
    }
}
#endif
