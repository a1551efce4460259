#if Lint
import Foundation
import Yams

/// What `.asynclint.yml` says: which rules run where, how much they weigh, and what they know of APIs.
public struct Configuration: Sendable {
    /// What a file says of one rule.
    struct RuleSetting: Sendable {
        enum Switch: Sendable {
            case off, on, severity(Severity)
        }

        var state: Switch?
        var options: [String: String] = [:]
    }

    /// Settings for some paths.
    struct Override: Sendable {
        let paths: [Glob]
        let rules: [String: RuleSetting]
    }

    /// The compiler the code is built with. Rules step aside where it reports the same.
    public var toolchain = ToolchainVersion.current
    /// Findings below it do not make a run fail.
    public var failLevel = Severity.warning
    /// Only these rules run, when it is set; parts run with their rule.
    public var only: Set<String>?
    /// Rules that run also when they are opt-in.
    public var enabled: Set<String> = []
    /// Rules that do not run.
    public var disabled: Set<String> = []
    /// Whether opt-in rules run too.
    public var enablesEverything = false
    /// Whether `exclude` holds for files that are named, too.
    public var forcesExclusion = false
    /// The folder that patterns are relative to, and the run's root, where the two differ.
    private var folder: (home: String, root: String)?
    var included: [String] = []
    var excluded: [Glob] = []
    var rules: [String: RuleSetting] = [:]
    var overrides: [Override] = []
    var apis = APITable.shipped

    /// The configuration without a file.
    public init() {}

    /// Reads a configuration file.
    ///
    /// - Throws: ``ConfigurationError`` that names every problem of the file.
    public init(yaml: String, source: String) throws {
        let document: Any?
        do { document = try Yams.load(yaml: yaml) } catch {
            throw ConfigurationError(source: source, problems: ["is not YAML: \(error)"])
        }
        guard let document else { return }
        guard let map = document as? [String: Any] else {
            throw ConfigurationError(source: source, problems: ["must be a map with keys such as 'rules'"])
        }
        var problems: [String] = []
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            read(key, value, source: source, problems: &problems)
        }
        if !problems.isEmpty { throw ConfigurationError(source: source, problems: problems) }
    }

    /// Says where the configuration lies when that is not where the run is: its patterns are relative to its own folder. What it
    /// includes is then not looked for; the run's own folder is.
    public mutating func setFolder(_ home: String, root: String) {
        folder = (home, root)
        included = []
    }

    /// A path as the configuration's patterns see it.
    private func configured(_ path: String) -> String {
        guard let folder else { return path }
        let full = path.hasPrefix("/") ? path : folder.root + "/" + path
        return full.hasPrefix(folder.home + "/") ? String(full.dropFirst(folder.home.count + 1)) : path
    }

    /// Adds the table of APIs that a package ships.
    ///
    /// - Throws: ``ConfigurationError`` that names every line it cannot understand.
    public mutating func addAPITable(yaml: String, source: String) throws { try apis.add(yaml: yaml, from: source) }

    private static let keys = ["toolchain", "fail-level", "include", "exclude", "rules", "overrides", "apis"]

    private mutating func read(_ key: String, _ value: Any, source: String, problems: inout [String]) {
        switch key {
        case "toolchain":
            if let version = ToolchainVersion("\(value)") {
                toolchain = version
            } else {
                problems.append("'toolchain': '\(value)' is no version; write \"6.3\"")
            }
        case "fail-level":
            if let level = Severity(rawValue: "\(value)") {
                failLevel = level
            } else {
                problems.append("'fail-level': '\(value)' is none of info, warning, error")
            }
        case "include": included = Self.strings(value, key, &problems)
        case "exclude": excluded = Self.strings(value, key, &problems).map(Glob.init)
        case "rules": rules = Self.settings(value, key, &problems)
        case "overrides":
            guard let list = value as? [[String: Any]] else {
                problems.append("'overrides' must be a list of maps with 'paths' and 'rules'")
                return
            }
            for entry in list {
                for unknown in entry.keys.sorted() where !["paths", "rules"].contains(unknown) {
                    problems.append(
                        "'overrides': unknown key '\(unknown)'\(nearest(to: unknown, among: ["paths", "rules"]))")
                }
                guard let paths = entry["paths"], let rules = entry["rules"] else {
                    problems.append("'overrides': an entry needs both 'paths' and 'rules'")
                    continue
                }
                overrides.append(
                    Override(
                        paths: Self.strings(paths, "overrides.paths", &problems).map(Glob.init),
                        rules: Self.settings(rules, "overrides.rules", &problems)))
            }
        case "apis":
            guard let table = value as? [String: Any] else {
                problems.append("'apis' must be a map with keys such as 'blocking'")
                return
            }
            do { try apis.add(table, from: "apis") } catch let error as ConfigurationError {
                problems += error.problems.map { "'apis': \($0)" }
            } catch { problems.append("'apis': \(error)") }
        default: problems.append("unknown key '\(key)'\(nearest(to: key, among: Self.keys))")
        }
    }

    private static func strings(_ value: Any, _ key: String, _ problems: inout [String]) -> [String] {
        if let one = value as? String { return [one] }
        guard let list = value as? [String] else {
            problems.append("'\(key)' must be a list of texts")
            return []
        }
        return list
    }

    private static func settings(_ value: Any, _ key: String, _ problems: inout [String]) -> [String: RuleSetting] {
        guard let map = value as? [String: Any] else {
            problems.append("'\(key)' must be a map from rule to on, off, info, warning, error or a map of options")
            return [:]
        }
        var settings: [String: RuleSetting] = [:]
        for (rule, value) in map.sorted(by: { $0.key < $1.key }) {
            guard let page = RuleCatalog.page(of: rule) else {
                problems.append(
                    "'\(key)': unknown rule '\(rule)'\(nearest(to: rule, among: RuleCatalog.pages.map(\.id)))")
                continue
            }
            var setting = RuleSetting()
            if let options = value as? [String: Any] {
                for (name, value) in options.sorted(by: { $0.key < $1.key }) {
                    if name == "severity" {
                        setting.state = state(value, rule, &problems)
                    } else if page.options.contains(where: { $0.name == name }) {
                        setting.options[name] = "\(value)"
                    } else {
                        let known = page.options.map(\.name) + ["severity"]
                        problems.append("'\(rule)': unknown option '\(name)'\(nearest(to: name, among: known))")
                    }
                }
            } else {
                setting.state = state(value, rule, &problems)
            }
            settings[rule] = setting
        }
        return settings
    }

    private static func state(_ value: Any, _ rule: String, _ problems: inout [String]) -> RuleSetting.Switch? {
        if let flag = value as? Bool { return flag ? .on : .off }
        let text = "\(value)"
        if text == "on" { return .on }
        if text == "off" { return .off }
        if let severity = Severity(rawValue: text) { return .severity(severity) }
        problems.append("'\(rule)': '\(text)' is none of on, off, info, warning, error")
        return nil
    }

    private static let tests = ["*Tests", "*Tests.swift", "*Test.swift"].map(Glob.init)

    /// What holds for one file: defaults, then `rules`, then the silence of tests, then `overrides`, then the command line.
    func settings(for name: String) -> RuleSettings {
        let path = configured(name)
        var result = RuleSettings(severities: [:], options: [:], toolchain: toolchain)
        var applied = rules
        let isTest = Self.tests.contains { $0.matches(path) }
        result.isTest = isTest
        for override in overrides where override.paths.contains(where: { $0.matches(path) }) {
            for (rule, setting) in override.rules {
                applied[rule] = RuleSetting(
                    state: setting.state ?? applied[rule]?.state,
                    options: (applied[rule]?.options ?? [:]).merging(setting.options) { $1 })
            }
        }
        let overridden = Set(
            overrides.filter { $0.paths.contains { $0.matches(path) } }.flatMap { $0.rules.keys })
        for page in RuleCatalog.pages {
            var severity: Severity? = page.optIn && !enablesEverything ? nil : page.severity
            switch applied[page.id]?.state {
            case .off: severity = nil
            case .on: severity = page.severity
            case .severity(let chosen): severity = chosen
            case nil: break
            }
            if isTest, page.quietInTests, !overridden.contains(page.id) { severity = nil }
            if enabled.contains(page.id) || enabled.contains(page.group) { severity = severity ?? page.severity }
            if let only {
                severity = only.contains(page.id) || only.contains(page.group) ? severity ?? page.severity : nil
            }
            if disabled.contains(page.id) { severity = nil }
            result.severities[page.id] = severity
            if let options = applied[page.id]?.options, !options.isEmpty { result.options[page.id] = options }
        }
        return result
    }

    func excludes(_ path: String) -> Bool {
        let path = configured(path)
        return excluded.contains { $0.matches(path) }
    }
}
#endif
