#if Lint
import Testing

@testable import AsyncLint

/// One example of a rule's page, ready to run: the text without marks, and where the marks stood.
struct MarkedExample: Sendable, CustomTestStringConvertible {
    let page: RulePage
    let example: RulePage.Example
    let isReported: Bool

    var testDescription: String { "\(page.id): \(isReported ? "reports" : "passes") \(example.name)" }

    /// The text without marks.
    var code: String { example.code.replacing("↓", with: "") }

    /// UTF-8 offsets at which a finding must start.
    var marks: [Int] {
        var offsets: [Int] = []
        var offset = 0
        for character in example.code {
            if character == "↓" { offsets.append(offset) } else { offset += character.utf8.count }
        }
        return offsets
    }

    /// What the example's rule finds in a text.
    func findings(in code: String) async -> [Finding] {
        var configuration = Configuration()
        configuration.toolchain = ToolchainVersion(6, 3)
        configuration.only = [page.id]
        configuration.rules[page.id] = Configuration.RuleSetting(state: .on, options: example.options)
        let linter = Linter(configuration: configuration, workers: 1)
        let report = await linter.lint([Linter.Source(path: "Sources/Example.swift", text: code)])
        #expect(report.failures.isEmpty, "the example does not parse: \(report.failures)")
        return report.active.filter { $0.rule == page.id }
    }

    static let all: [MarkedExample] = RuleCatalog.pages.flatMap { page in
        page.reported.map { MarkedExample(page: page, example: $0, isReported: true) }
            + page.clean.map { MarkedExample(page: page, example: $0, isReported: false) }
    }
}
#endif
