#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Checks files and folders (the default).")

    @Argument(help: "Files and folders; without any, what the configuration includes, else the current folder.")
    var paths: [String] = []

    @Option(help: "How to write the report: text, json, sarif or github.")
    var reporter: ReportFormat = .text

    @Option(name: .shortAndLong, help: "Write the report to a file.")
    var output: String?

    @Option(help: "The configuration; without it .asynclint.yml of the current folder, where there is one.")
    var config: String?

    @Option(help: "Report only what this baseline does not know.")
    var baseline: String?

    @Option(help: "Write what is found to a baseline, and report nothing.")
    var writeBaseline: String?

    @Option(help: "Run this rule alone (repeatable).")
    var only: [String] = []

    @Option(help: "Run this rule too (repeatable).")
    var enable: [String] = []

    @Option(help: "Do not run this rule (repeatable).")
    var disable: [String] = []

    @Flag(help: "Run opt-in rules too.")
    var allRules = false

    @Option(help: "The level at which findings make the run fail: info, warning or error.")
    var failLevel: Severity?

    @Option(help: "The compiler the code is built with, such as 6.3: rules step aside where it reports the same.")
    var toolchain: String?

    @Flag(help: "Apply safe fixes; suggestions are only shown.")
    var fix = false

    @Flag(help: "Print absolute paths, as Xcode wants them.")
    var absolutePaths = false

    @Flag(name: .shortAndLong, help: "No summary.")
    var quiet = false

    @Option(help: "Print a rule's page and stop.")
    var explain: String?

    mutating func run() async throws {
        if let explain {
            try checkKnown([explain])
            write(RuleCatalog.page(of: explain)!.plainText, to: .standardOutput)
            return
        }
        let root = FileManager.default.currentDirectoryPath
        let configuration = try loadConfiguration(root: root)
        let linter = Linter(configuration: configuration)
        let clock = ContinuousClock()
        let started = clock.now
        var report = try await linter.lint(paths: paths, root: root)
        if fix {
            let count = try await applyFixes(to: &report, with: linter, root: root)
            if !quiet { write("fixed \(count) finding\(count == 1 ? "" : "s")\n", to: .standardError) }
        }
        if let writeBaseline {
            try save(Baseline(report.findings).json, as: writeBaseline)
            return
        }
        if let baseline {
            let known = try Baseline(json: read(baseline), source: baseline)
            report.findings = known.new(in: report.findings)
        }
        let isTerminal = output == nil && isatty(1) == 1
        var style = ReportStyle()
        style.showsSource = isTerminal
        style.usesColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        if absolutePaths { style.pathPrefix = root + "/" }
        let text = reporter.render(report, style)
        if let output { try save(text, as: output) } else { write(text, to: .standardOutput) }
        if !quiet { write(summary(report, clock.now - started), to: .standardError) }
        let failing = report.active.contains { $0.severity >= configuration.failLevel }
        if failing || !report.failures.isEmpty { throw ExitCode(1) }
    }

    private func loadConfiguration(root: String) throws -> Configuration {
        var configuration = Configuration()
        if let config {
            configuration = try Configuration(yaml: String(decoding: read(config), as: UTF8.self), source: config)
        } else if let data = FileManager.default.contents(atPath: ".asynclint.yml") {
            configuration = try Configuration(yaml: String(decoding: data, as: UTF8.self), source: ".asynclint.yml")
        }
        for table in packageTables(root: root) {
            try configuration.addAPITable(yaml: String(decoding: read(table), as: UTF8.self), source: table)
        }
        try checkKnown(only + enable + disable)
        if !only.isEmpty { configuration.only = Set(only) }
        configuration.enabled = Set(enable)
        configuration.disabled = Set(disable)
        configuration.enablesEverything = allRules
        if let failLevel { configuration.failLevel = failLevel }
        if let toolchain {
            guard let version = ToolchainVersion(toolchain) else {
                throw ConfigurationError(source: "--toolchain", problems: ["'\(toolchain)' is no version; write 6.3"])
            }
            configuration.toolchain = version
        }
        return configuration
    }

    /// The tables that this package and the packages it depends on ship.
    private func packageTables(root: String) -> [String] {
        let checkouts = root + "/.build/checkouts"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkouts)) ?? []
        let folders = names.sorted().map { checkouts + "/" + $0 } + [root]
        return folders.map { $0 + "/asynclint-apis.yml" }.filter { FileManager.default.fileExists(atPath: $0) }
    }

    /// Fixes until nothing is left to fix: fixes that touch each other go in one after the other.
    private func applyFixes(to report: inout Linter.Report, with linter: Linter, root: String) async throws -> Int {
        var total = 0
        for _ in 0..<10 {
            var count = 0
            for (path, findings) in Dictionary(grouping: report.findings, by: \.path).sorted(by: { $0.key < $1.key }) {
                let location = path.hasPrefix("/") ? path : root + "/" + path
                let outcome = try Fixer.apply(findings, to: Array(read(location)))
                guard outcome.count > 0 else { continue }
                try save(String(decoding: outcome.bytes, as: UTF8.self), as: location)
                count += outcome.count
            }
            if count == 0 { break }
            total += count
            report = try await linter.lint(paths: paths, root: root)
        }
        return total
    }

    private func summary(_ report: Linter.Report, _ duration: Duration) -> String {
        let active = report.active
        let counts = Severity.allCases.reversed().compactMap { severity -> String? in
            let count = active.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        let silenced = report.findings.count - active.count
        var text = active.isEmpty ? "clean" : counts.joined(separator: ", ")
        if silenced > 0 { text += ", \(silenced) ignored with a reason" }
        if !report.failures.isEmpty { text += ", \(report.failures.count) not checked" }
        let seconds = duration / .seconds(1)
        return text + " · \(report.fileCount) files · \(String(format: "%.2f", seconds)) s\n"
    }

    private func checkKnown(_ rules: [String]) throws {
        for rule in rules where RuleCatalog.page(of: rule) == nil {
            throw ConfigurationError(
                source: "command line", problems: ["unknown rule '\(rule)'; 'asynclint rules' lists them"])
        }
    }

    private func read(_ path: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(source: path, problems: ["the file cannot be read"])
        }
        return data
    }

    private func save(_ text: String, as path: String) throws {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
            throw ConfigurationError(
                source: path, problems: ["the file cannot be written: \(error.localizedDescription)"])
        }
    }
}

extension ReportFormat: ExpressibleByArgument {}
extension Severity: ExpressibleByArgument {}
#endif
