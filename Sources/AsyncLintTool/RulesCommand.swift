#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rules", abstract: "Lists the rules.")

    @Flag(help: "Write each rule's page to docs/rules, below the current folder.")
    var writePages = false

    func run() throws {
        if writePages {
            try FileManager.default.createDirectory(atPath: "docs/rules", withIntermediateDirectories: true)
            for page in RuleCatalog.pages {
                try Data(page.markdown.utf8).write(to: URL(fileURLWithPath: "docs/rules/\(page.fileName).md"))
            }
            return
        }
        let width = RuleCatalog.pages.map(\.id.count).max() ?? 0
        var text = ""
        for page in RuleCatalog.pages {
            let level = page.optIn ? "opt-in" : page.severity.rawValue
            text += page.id.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            text += level.padding(toLength: 9, withPad: " ", startingAt: 0) + page.summary + "\n"
        }
        write(text, to: .standardOutput)
    }
}
#endif
