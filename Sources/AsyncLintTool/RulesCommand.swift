#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rules", abstract: "Lists the rules.")

    @Flag(help: "Write each rule's page to docs/rules, and their table to docs/asynclint.md, below the current folder.")
    var writePages = false

    @Flag(help: "One JSON array: id, summary, level, whether opt-in, off in tests, fixes, options.")
    var json = false

    func run() async throws {
        if writePages { return try write() }
        if json {
            AsyncLintTool.write(await RuleCatalog.json(), to: .standardOutput)
            return
        }
        let width = RuleCatalog.pages.map(\.id.count).max() ?? 0
        var text = ""
        for page in RuleCatalog.pages {
            let level = page.optIn ? "opt-in" : page.severity.rawValue
            text += page.id.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            text += level.padding(toLength: 9, withPad: " ", startingAt: 0) + page.summary
            if page.quietInTests { text += " Off in tests." }
            if !page.options.isEmpty { text += " Options: \(page.options.map(\.name).joined(separator: ", "))." }
            text += "\n"
        }
        AsyncLintTool.write(text, to: .standardOutput)
    }

    private func write() throws {
        try FileManager.default.createDirectory(atPath: "docs/rules", withIntermediateDirectories: true)
        for page in RuleCatalog.pages {
            try Data(page.markdown.utf8).write(to: URL(fileURLWithPath: "docs/rules/\(page.fileName).md"))
        }
        let path = "docs/asynclint.md"
        let text = String(decoding: try read(path), as: UTF8.self)
        guard let written = RuleCatalog.replacingTable(in: text) else {
            throw ConfigurationError(source: path, problems: ["has no table that begins with '| rule | level |'"])
        }
        try save(written, as: path)
    }
}
#endif
