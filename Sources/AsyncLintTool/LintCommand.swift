#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Checks files and folders (the default).")

    @Argument(help: "Files and folders; without any, what the configuration includes, else the current folder.")
    var paths: [String] = []

    @OptionGroup var settings: SettingsOptions

    @Option(help: "How to write the report: \(ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    var reporter: ReportFormat = .text

    @Option(name: .shortAndLong, help: "Write the report to a file.")
    var output: String?

    @Option(help: "Report only what this baseline does not know.")
    var baseline: String?

    @Option(help: "Write what is found to a baseline, and report nothing.")
    var writeBaseline: String?

    @Flag(help: "Apply safe fixes; suggestions are only shown.")
    var fix = false

    @Flag(help: "With --fix, --diff and --dry-run: suggestions too. Each needs a look.")
    var unsafe = false

    @Flag(help: "Print what --fix would change as a diff, and change nothing; exit 1 when there is something.")
    var diff = false

    @Flag(help: "List what --fix would change, and change nothing.")
    var dryRun = false

    @Flag(help: "Print how often each rule found something instead of what it found.")
    var statistics = false

    @Flag(help: "Check standard input; paths lend their declarations.")
    var stdin = false

    @Option(help: "The name of standard input in the report, and for the configuration.")
    var stdinPath: String?

    @Flag(help: "Print absolute paths, as Xcode wants them.")
    var absolutePaths = false

    @Flag(name: .shortAndLong, help: "No summary.")
    var quiet = false

    @Option(help: "Run as if started in this folder.")
    var root: String?

    @Option(help: "Make this file at the end of a run that succeeds, for build tools.")
    var stamp: String?

    @Option(help: "Print a rule's page and stop.")
    var explain: String?

    func validate() throws {
        if [fix, diff, dryRun].count(where: { $0 }) > 1 {
            throw ValidationError("--fix, --diff and --dry-run exclude each other")
        }
        if unsafe, ![fix, diff, dryRun].contains(true) {
            throw ValidationError("--unsafe goes with --fix, --diff or --dry-run")
        }
        if stdin, fix || writeBaseline != nil { throw ValidationError("standard input cannot be fixed; use --diff") }
        if stdinPath != nil, !stdin { throw ValidationError("--stdin-path goes with --stdin") }
    }

    mutating func run() async throws {
        if let explain {
            try SettingsOptions.checkKnown([explain])
            write(RuleCatalog.page(of: explain)!.plainText, to: .standardOutput)
            return
        }
        if let root, !FileManager.default.changeCurrentDirectoryPath(root) {
            throw ConfigurationError(source: root, problems: ["no such folder"])
        }
        let root = FileManager.default.currentDirectoryPath
        let setup = try settings.load(root: root, quiet: quiet)
        let linter = Linter(configuration: setup.configuration)
        let clock = ContinuousClock()
        let started = clock.now
        let buffer = stdin ? Linter.Source(path: stdinPath ?? "stdin.swift", bytes: Array(readAll())) : nil
        var report =
            if let buffer {
                try await linter.lint(buffer, beside: paths, root: root)
            } else {
                try await linter.lint(paths: paths, root: root, cache: setup.cache)
            }
        if fix || diff || dryRun {
            let fixes = FixRun(linter: linter, paths: paths, root: root, buffer: buffer, includesSuggestions: unsafe)
            let outcome = try await fixes.run(from: report)
            if diff {
                try write(report: outcome.diff)
                if !quiet { write("\(outcome.summary("would fix"))\n", to: .standardError) }
                if !outcome.changes.isEmpty { throw ExitCode(1) }
                return
            }
            if dryRun {
                try write(report: outcome.list)
                if !quiet { write("\(outcome.summary("would fix"))\n", to: .standardError) }
                return
            }
            for change in outcome.changes {
                let location = change.path.hasPrefix("/") ? change.path : root + "/" + change.path
                try save(String(decoding: change.new, as: UTF8.self), as: location)
            }
            report = outcome.report
            if !quiet { write("\(outcome.summary("fixed"))\n", to: .standardError) }
        }
        if let writeBaseline {
            let known = Baseline(report.findings, folder: folder(of: writeBaseline, root: root), root: root)
            try save(known.json, as: writeBaseline)
            if !quiet {
                write(
                    "\(known.count) finding\(known.count == 1 ? "" : "s") written to \(writeBaseline)\n",
                    to: .standardError)
            }
            return
        }
        var gone = 0
        if let baseline {
            let known = try Baseline(
                json: read(baseline), source: baseline, folder: folder(of: baseline, root: root), root: root)
            let before = report.findings.count
            gone = known.countOfFixed(in: report.findings)
            report.findings = known.new(in: report.findings)
            report.knownCount = before - report.findings.count
        }
        try write(report: statistics ? Statistics.table(report) : render(report, root: root))
        if !quiet { write(summary(report, gone: gone, clock.now - started), to: .standardError) }
        let failing = report.active.contains { $0.severity >= setup.configuration.failLevel }
        if failing || !report.failures.isEmpty { throw ExitCode(1) }
        if let stamp { try save("", as: stamp) }
    }

    private func render(_ report: Linter.Report, root: String) -> String {
        let isTerminal = output == nil && isatty(1) == 1
        var style = ReportStyle()
        style.showsSource = isTerminal
        style.usesColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        if absolutePaths { style.pathPrefix = root + "/" }
        return reporter.render(report, style)
    }

    private func write(report text: String) throws {
        if let output { try save(text, as: output) } else { AsyncLintTool.write(text, to: .standardOutput) }
    }

    private func write(_ text: String, to handle: FileHandle) { AsyncLintTool.write(text, to: handle) }

    private func readAll() -> Data { FileHandle.standardInput.readDataToEndOfFile() }

    private func folder(of path: String, root: String) -> String {
        let full = path.hasPrefix("/") ? path : root + "/" + path
        return URL(fileURLWithPath: full).standardizedFileURL.deletingLastPathComponent().path
    }

    private func summary(_ report: Linter.Report, gone: Int, _ duration: Duration) -> String {
        let active = report.active
        let counts = Severity.allCases.reversed().compactMap { severity -> String? in
            let count = active.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        let silenced = report.findings.count - active.count
        var text = active.isEmpty ? "clean" : counts.joined(separator: ", ")
        if silenced > 0 { text += ", \(silenced) ignored with a reason" }
        if report.knownCount > 0 { text += ", \(report.knownCount) known to the baseline" }
        if gone > 0 { text += ", \(gone) of the baseline fixed: write it again" }
        if !report.failures.isEmpty { text += ", \(report.failures.count) not checked" }
        let seconds = duration / .seconds(1)
        return text
            + " · \(report.fileCount) file\(report.fileCount == 1 ? "" : "s") · \(String(format: "%.2f", seconds)) s\n"
    }
}

extension ReportFormat: ExpressibleByArgument {}
extension Severity: ExpressibleByArgument {}
#endif
