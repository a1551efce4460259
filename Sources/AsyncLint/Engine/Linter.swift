#if Lint
import Foundation
import SwiftParser
import SwiftSyntax

/// Finds asynchronous mistakes in Swift sources.
///
/// A run has two passes: the first parses every file and collects what it declares, the second applies the rules with the
/// declarations of all files at hand. Both run on all cores; the findings come in the order of path and place, always the same.
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
    public struct Failure: Sendable {
        /// The file.
        public let path: String
        /// Where it stops making sense; nil when it could not be read.
        public let position: SourcePosition?
        /// Why.
        public let message: String
    }

    /// What a run found.
    public struct Report: Sendable {
        /// Findings by path and place; silenced ones included.
        public var findings: [Finding]
        /// Files that were not checked.
        public var failures: [Failure]
        /// How many files were checked.
        public let fileCount: Int
        /// How many bytes they have.
        public let byteCount: Int

        /// The findings that nothing silences.
        public var active: [Finding] { findings.filter { $0.suppression == nil } }
    }

    private enum Parsed: Sendable {
        case file(Source, SourceText, SourceFileSyntax, SymbolTable)
        case failure(Failure)
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
        await check(inParallel(sources, workers: workers) { Self.parse($0) })
    }

    /// Checks files and folders, named relative to `root` or absolute. Folders are searched for Swift files.
    ///
    /// - Throws: ``ConfigurationError`` when a path does not exist.
    public func lint(paths: [String], root: String) async throws -> Report {
        let files = try FileDiscovery(configuration: configuration, root: root).files(below: paths)
        let parsed = await inParallel(files, workers: workers) { file -> Parsed in
            guard let data = FileManager.default.contents(atPath: file.location) else {
                return .failure(Failure(path: file.path, position: nil, message: "the file cannot be read"))
            }
            return Self.parse(Source(path: file.path, bytes: Array(data)))
        }
        return await check(parsed)
    }

    private static func parse(_ source: Source) -> Parsed {
        guard String(validating: source.bytes, as: UTF8.self) != nil else {
            return .failure(Failure(path: source.path, position: nil, message: "the file is not UTF-8"))
        }
        let tree = source.bytes.withUnsafeBufferPointer { Parser.parse(source: $0) }
        let text = SourceText(source.bytes)
        if tree.hasError {
            return .failure(
                Failure(
                    path: source.path, position: text.position(firstError(in: Syntax(tree))),
                    message: "the file cannot be parsed from here; no rule ran on it"))
        }
        return .file(source, text, tree, SymbolCollector(tree).table)
    }

    /// Goes down to where the parser first missed or found something it did not expect.
    private static func firstError(in root: Syntax) -> Int {
        var node = root
        while true {
            let offset = node.positionAfterSkippingLeadingTrivia.utf8Offset
            if node.is(UnexpectedNodesSyntax.self) || node.as(TokenSyntax.self)?.presence == .missing { return offset }
            guard let child = node.children(viewMode: .all).first(where: \.hasError) else { return offset }
            node = child
        }
    }

    private func check(_ parsed: [Parsed]) async -> Report {
        var symbols = SymbolTable()
        var failures: [Failure] = []
        var bytes = 0
        for case .file(let source, _, _, let table) in parsed {
            symbols.merge(table)
            bytes += source.bytes.count
        }
        symbols.finish()
        for case .failure(let failure) in parsed { failures.append(failure) }
        let table = symbols
        let all = RuleCatalog.rules
        let files = parsed.filter { if case .file = $0 { true } else { false } }
        let found = await inParallel(files, workers: workers) { [configuration] item -> [Finding] in
            guard case .file(let source, let text, let tree, _) = item else { return [] }
            let settings = configuration.settings(for: source.path)
            var occurs: [String: Bool] = [:]
            let active = all.filter { rule in
                let type = type(of: rule)
                guard ([type.page] + type.parts).contains(where: { settings.severity(of: $0.id) != nil }) else {
                    return false
                }
                return type.words.allSatisfy { word in
                    if let known = occurs[word] { return known }
                    let found = text.contains(word)
                    occurs[word] = found
                    return found
                }
            }
            guard !active.isEmpty || text.contains("asynclint:") else { return [] }
            let file = FileContext(
                path: source.path, source: text, symbols: table, apis: configuration.apis, settings: settings)
            FileWalker(rules: RuleSet(active), file: file).walk(tree)
            var suppressions = Suppressions(tree, source: text)
            return suppressions.apply(to: file.findings, in: file)
        }
        var findings = found.flatMap { $0 }.sorted {
            ($0.path, $0.start.offset, $0.rule, $0.message) < ($1.path, $1.start.offset, $1.rule, $1.message)
        }
        Fingerprint.assign(to: &findings)
        return Report(findings: findings, failures: failures, fileCount: files.count, byteCount: bytes)
    }
}
#endif
