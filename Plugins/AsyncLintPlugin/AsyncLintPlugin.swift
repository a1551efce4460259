import PackagePlugin

@main
struct AsyncLintPlugin: CommandPlugin {
    func performCommand(context: PluginContext, arguments: [String]) async throws {}
}
