#if Lint
import SwiftParser
import SwiftSyntax
import Synchronization

/// One run over a set of files.
struct LintRun: Sendable {
    /// A file: its name, and how to get its text.
    struct Input: Sendable {
        let path: String
        /// Whether rules run on it, or only its declarations are wanted.
        let isChecked: Bool
        /// Nil when it cannot be read.
        let bytes: @Sendable () -> [UInt8]?

        init(path: String, isChecked: Bool = true, bytes: @escaping @Sendable () -> [UInt8]?) {
            self.path = path
            self.isChecked = isChecked
            self.bytes = bytes
        }
    }

    enum Scanned: Sendable {
        /// The tree is nil when it was not kept.
        case file(Input, byteCount: Int, SymbolTable, SourceFileSyntax?)
        case finding(Finding)
        case failure(Linter.Failure)
        case nothing
    }

    /// A tree takes about fifty times the memory of its source: this much source may be kept as trees from one pass to the next.
    private static let keptBytes = 3 << 20

    let configuration: Configuration
    let workers: Int
    let inputs: [Input]

    func report() async -> Linter.Report {
        let kept = ByteBudget(Self.keptBytes)
        let scanned = await inParallel(inputs, workers: workers) { [configuration] input in
            Self.scan(input, configuration, kept)
        }
        var symbols = SymbolTable()
        var failures: [Linter.Failure] = []
        var findings: [Finding] = []
        var files: [(Input, SourceFileSyntax?)] = []
        var bytes = 0
        for item in scanned {
            switch item {
            case .file(let input, let count, let table, let tree):
                symbols.merge(table)
                guard input.isChecked else { continue }
                files.append((input, tree))
                bytes += count
            case .finding(let finding): findings.append(finding)
            case .failure(let failure): failures.append(failure)
            case .nothing: continue
            }
        }
        symbols.finish()
        let table = symbols
        let found = await inParallel(files, workers: workers) { [configuration] file in
            Self.check(file.0, file.1, configuration, table)
        }
        findings += found.flatMap { $0 }
        findings.sort {
            ($0.path, $0.start.offset, $0.rule, $0.message) < ($1.path, $1.start.offset, $1.rule, $1.message)
        }
        Fingerprint.assign(to: &findings)
        return Linter.Report(findings: findings, failures: failures, fileCount: files.count, byteCount: bytes)
    }

    private static func parse(_ bytes: [UInt8]) -> SourceFileSyntax {
        bytes.withUnsafeBufferPointer { Parser.parse(source: $0) }
    }

    /// The first pass.
    static func scan(_ input: Input, _ configuration: Configuration, _ kept: ByteBudget?) -> Scanned {
        guard let bytes = input.bytes() else {
            return .failure(Linter.Failure(path: input.path, position: nil, message: "the file cannot be read"))
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            return .failure(Linter.Failure(path: input.path, position: nil, message: "the file is not UTF-8"))
        }
        let tree = parse(bytes)
        let text = SourceText(bytes)
        if tree.hasError {
            guard input.isChecked, let finding = UnparsableFile.finding(tree, text, input.path, configuration) else {
                return .nothing
            }
            return .finding(finding)
        }
        var collector = SymbolCollector(tree)
        collector.findParkingFunctions(path: input.path, source: text, apis: configuration.apis)
        let keeps = input.isChecked && kept?.take(bytes.count) == true
        return .file(input, byteCount: bytes.count, collector.table, keeps ? tree : nil)
    }

    /// The second pass.
    static func check(
        _ input: Input, _ known: SourceFileSyntax?, _ configuration: Configuration, _ symbols: SymbolTable
    ) -> [Finding] {
        guard let bytes = input.bytes() else { return [] }
        let text = SourceText(bytes)
        let settings = configuration.settings(for: input.path)
        var occurs: [String: Bool] = [:]
        func has(_ word: String) -> Bool {
            if let known = occurs[word] { return known }
            let found = text.contains(word)
            occurs[word] = found
            return found
        }
        // Calls that a table makes asynchronous may be the only sign of a task in a file.
        let extra = configuration.apis.addedAsyncNames
        let active = RuleCatalog.rules.filter { rule in
            let type = type(of: rule)
            guard ([type.page] + type.parts).contains(where: { settings.severity(of: $0.id) != nil }) else {
                return false
            }
            let some = type.anyWords
            return type.words.allSatisfy(has)
                && (some.isEmpty || some.contains(where: has) || extra.contains(where: has))
        }
        // Most files of a large program have nothing for any rule: those are not parsed a second time.
        guard !active.isEmpty || text.contains("asynclint:") else { return [] }
        let tree = known ?? parse(bytes)
        let file = FileContext(
            path: input.path, source: text, symbols: symbols, apis: configuration.apis, settings: settings)
        FileWalker(rules: RuleSet(active), file: file).walk(tree)
        var suppressions = Suppressions(tree, source: text)
        return suppressions.apply(to: Overlaps.resolved(file.findings), in: file)
    }
}

/// Hands out bytes until there are none left.
final class ByteBudget: Sendable {
    private let left: Atomic<Int>

    init(_ bytes: Int) { left = Atomic(bytes) }

    func take(_ count: Int) -> Bool {
        left.subtract(count, ordering: .relaxed).newValue >= 0
    }
}
#endif
