import Foundation
import PackagePlugin

/// `swift package asynclint [--target NAME …] [ARGUMENTS …]`: runs the tool on the package's own sources, or on some of its targets.
/// Everything else goes to the tool: `swift package asynclint --reporter github`. `--fix` needs
/// `--allow-writing-to-package-directory`.
@main
struct AsyncLintPlugin: CommandPlugin {
    func performCommand(context: PluginContext, arguments: [String]) async throws {
        let tool = try context.tool(named: "AsyncLintTool")
        var extractor = ArgumentExtractor(arguments)
        let names = extractor.extractOption(named: "target")
        var rest = extractor.remainingArguments
        // `swift package` takes paths for its own: those given here are the tool's.
        if !names.isEmpty {
            let targets = try context.package.targets(named: names)
            rest += targets.compactMap { ($0 as? SourceModuleTarget)?.directoryURL.path }
        }
        // asynclint:ignore:next blocking-call-in-async/one-call-away — a command plugin has nothing else to do meanwhile
        try run(tool.url, rest, in: context.package.directoryURL)
    }

    private func run(_ tool: URL, _ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = tool
        process.arguments = arguments
        process.currentDirectoryURL = folder
        try process.run()
        process.waitUntilExit()
        // The tool has said what it found; the exit status says whether that is a failure.
        switch process.terminationStatus {
        case 0: return
        case 1: throw Failure("asynclint found something at or above the fail level")
        default: throw Failure("asynclint could not run: exit status \(process.terminationStatus)")
        }
    }

    /// Ends the command with an error.
    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}
