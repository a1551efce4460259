#if Lint
import ArgumentParser
import AsyncLint
import Foundation

/// The options that decide which rules run where.
struct SettingsOptions: ParsableArguments {
    @Option(
        help:
            "The configuration; without it .asynclint.yml of the current folder or of the nearest one above that has it."
    )
    var config: String?

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

    @Flag(help: "Leave out what the configuration excludes also where it is named, as hooks that pass file names want.")
    var forceExclude = false

    @Flag(help: "Neither look up a report of an earlier run over the same files, nor keep this one.")
    var noCache = false

    @Option(help: "The folder for reports of earlier runs; without it the user's cache folder.")
    var cachePath: String?

    struct Setup {
        let configuration: Configuration
        let cache: ResultCache?
        /// Equal for equal settings.
        let identity: String
    }

    /// Reads the settings for a run.
    ///
    /// - Parameter folder: where the look for a configuration begins; the root without it.
    func load(root: String, from folder: String? = nil, quiet: Bool) throws -> Setup {
        var configuration = Configuration()
        var salt = AsyncLintVersion.current + Self.program
        salt += "\(only)\(enable)\(disable)\(allRules)\(forceExclude)\(toolchain ?? "")"
        var home = root
        if let path = config ?? Self.nearest(".asynclint.yml", from: folder ?? root, root: root) {
            let text = String(decoding: try read(path), as: UTF8.self)
            configuration = try Configuration(yaml: text, source: path)
            home =
                URL(fileURLWithPath: path.hasPrefix("/") ? path : root + "/" + path).standardizedFileURL
                .deletingLastPathComponent().path
            // A configuration that is named holds where the run is; one that was found holds where it lies.
            if config == nil, home != root {
                configuration.setFolder(home, root: root)
                if !quiet { write("configuration: \(path)\n", to: .standardError) }
            } else {
                home = root
            }
            salt += path + text
        }
        // A configuration inside the root, as an editor finds it, does not move the package.
        for table in packageTables(from: home.hasPrefix(root + "/") ? root : home) {
            let text = String(decoding: try read(table), as: UTF8.self)
            try configuration.addAPITable(yaml: text, source: table)
            salt += text
        }
        try Self.checkKnown(only + enable + disable)
        if !only.isEmpty { configuration.only = Set(only) }
        configuration.enabled = Set(enable)
        configuration.disabled = Set(disable)
        configuration.enablesEverything = allRules
        configuration.forcesExclusion = forceExclude
        if let failLevel { configuration.failLevel = failLevel }
        if let toolchain {
            guard let version = ToolchainVersion(toolchain) else {
                throw ConfigurationError(source: "--toolchain", problems: ["'\(toolchain)' is no version; write 6.3"])
            }
            configuration.toolchain = version
        }
        let cacheFolder = cachePath ?? Self.cacheFolder
        return Setup(
            configuration: configuration,
            cache: noCache ? nil : cacheFolder.map { ResultCache(folder: $0, salt: salt) },
            identity: salt)
    }

    /// The nearest file of a name, from a folder upwards; not above a repository, nor above the home folder.
    private static func nearest(_ name: String, from start: String, root: String) -> String? {
        var folder = URL(fileURLWithPath: start)
        let manager = FileManager.default
        while true {
            let path = folder.path == "/" ? "/" + name : folder.path + "/" + name
            if manager.fileExists(atPath: path) {
                return folder.path == root && root == manager.currentDirectoryPath ? name : path
            }
            if folder.path == "/" || folder.path == NSHomeDirectory()
                || manager.fileExists(atPath: folder.path + "/.git")
            {
                return nil
            }
            folder.deleteLastPathComponent()
        }
    }

    /// The program itself: another build may find other things.
    private static var program: String {
        let path = Bundle.main.executablePath ?? CommandLine.arguments[0]
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let date = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return " \(date) \(attributes?[.size] ?? 0) "
    }

    private static var cacheFolder: String? {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["ASYNCLINT_CACHE"] { return folder.isEmpty ? nil : folder }
        if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return base + "/asynclint" }
        return FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first.map { $0.path + "/asynclint" }
    }

    /// The tables that the package of a folder and the packages it depends on ship.
    private func packageTables(from home: String) -> [String] {
        let checkouts = home + "/.build/checkouts"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkouts)) ?? []
        let folders = names.sorted().map { checkouts + "/" + $0 } + [home]
        return folders.map { $0 + "/asynclint-apis.yml" }.filter { FileManager.default.fileExists(atPath: $0) }
    }

    static func checkKnown(_ rules: [String]) throws {
        for rule in rules where RuleCatalog.page(of: rule) == nil {
            throw ConfigurationError(
                source: "command line", problems: ["unknown rule '\(rule)'; 'asynclint rules' lists them"])
        }
    }
}

func read(_ path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw ConfigurationError(source: path, problems: ["the file cannot be read"])
    }
    return data
}

func save(_ text: String, as path: String) throws {
    do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
        throw ConfigurationError(
            source: path, problems: ["the file cannot be written: \(error.localizedDescription)"])
    }
}
#endif
