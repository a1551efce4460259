import Foundation
import PackagePlugin

/// Checks a target's sources whenever one of them has changed: findings stand among the compiler's own. One at the level `error` ends
/// the build, as the compiler's do; `fail-level` in the package's `.asynclint.yml` says otherwise.
@main
struct AsyncLintBuildPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        guard let target = target as? any SourceModuleTarget else { return [] }
        let sources = target.sourceFiles(withSuffix: "swift").map(\.url)
            .filter { $0.path.hasPrefix(context.package.directoryURL.path + "/") }
        guard !sources.isEmpty else { return [] }
        let tool = try context.tool(named: "AsyncLintTool")
        let root = context.package.directoryURL
        let stamp = context.pluginWorkDirectoryURL.appending(path: "\(target.name).asynclint")
        let configuration = [".asynclint.yml", "asynclint-apis.yml"].map { root.appending(path: $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
        // The paths are absolute: a build does not run in the package's folder.
        var arguments = ["--quiet", "--force-exclude", "--absolute-paths", "--root", root.path, "--stamp", stamp.path]
        arguments += ["--cache-path", context.pluginWorkDirectoryURL.appending(path: "cache").path]
        if !saysFailLevel(root) { arguments += ["--fail-level", "error"] }
        arguments += sources.map(\.path)
        return [
            .buildCommand(
                displayName: "asynclint \(target.name)", executable: tool.url, arguments: arguments,
                inputFiles: sources + configuration, outputFiles: [stamp])
        ]
    }

    private func saysFailLevel(_ root: URL) -> Bool {
        guard let text = try? String(contentsOf: root.appending(path: ".asynclint.yml"), encoding: .utf8) else {
            return false
        }
        return text.split(separator: "\n").contains { $0.hasPrefix("fail-level:") }
    }
}
