#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("Reporters")
struct ReporterTests {
    private static let code = """
        func f() async throws {
            try? Task.checkCancellation()
            // asynclint:ignore:next blocking-call-in-async — measured: 1 µs
            usleep(1)
        }
        """

    private func report() async -> Linter.Report {
        await Linter(workers: 1).lint([
            Linter.Source(path: "Sources/a b.swift", text: Self.code),
            Linter.Source(path: "x.swift", bytes: [0x66, 0xFF]),
        ])
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("text is what compilers print")
    func text() async {
        let lines = ReportFormat.text.render(await report()).split(separator: "\n")
        #expect(lines[0] == "x.swift: error: the file is not UTF-8")
        #expect(lines[1].hasPrefix("Sources/a b.swift:2:5: error: this check throws"))
        #expect(lines[1].hasSuffix(" [discarded-cancellation-check]"))
        #expect(lines[2] == "Sources/a b.swift:2:5: note: fix (--fix applies it): let the error out")
        #expect(lines.count == 3)
    }

    @Test("text on a terminal shows the line and a caret")
    func caret() async {
        var style = ReportStyle()
        style.showsSource = true
        style.pathPrefix = "/root/"
        let lines = ReportFormat.text.render(await report(), style).split(separator: "\n")
        #expect(lines[1].hasPrefix("/root/Sources/a b.swift:2:5:"))
        #expect(lines[2] == "    try? Task.checkCancellation()")
        #expect(lines[3] == "    ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~")
    }

    @Test("JSON has everything")
    func json() async throws {
        let json = try object(ReportFormat.json.render(await report()))
        let findings = try #require(json["findings"] as? [[String: Any]])
        #expect(
            findings.compactMap { $0["rule"] as? String } == ["discarded-cancellation-check", "blocking-call-in-async"])
        #expect(findings[1]["suppression"] as? String == "measured: 1 µs")
        #expect((json["failures"] as? [[String: Any]])?.count == 1)
        #expect(json["files"] as? Int == 1)
    }

    @Test("SARIF has rules, end positions, fingerprints, fixes and suppressions")
    func sarif() async throws {
        let sarif = try object(ReportFormat.sarif.render(await report()))
        #expect(sarif["version"] as? String == "2.1.0")
        let run = try #require((sarif["runs"] as? [[String: Any]])?.first)
        let driver = try #require((run["tool"] as? [String: [String: Any]])?["driver"])
        let rules = try #require(driver["rules"] as? [[String: Any]])
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(results.count == 2)
        for result in results {
            let index = try #require(result["ruleIndex"] as? Int)
            #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
            let location = try #require(
                (result["locations"] as? [[String: Any]])?.first?["physicalLocation"] as? [String: Any])
            #expect((location["artifactLocation"] as? [String: String])?["uri"] == "Sources/a%20b.swift")
            let region = try #require(location["region"] as? [String: Int])
            #expect(Set(region.keys) == ["startLine", "startColumn", "endLine", "endColumn"])
            #expect((result["partialFingerprints"] as? [String: String])?["primaryLocationLineHash"]?.count ?? 0 > 16)
        }
        let fix = try #require((results[0]["fixes"] as? [[String: Any]])?.first)
        let change = try #require((fix["artifactChanges"] as? [[String: Any]])?.first)
        let replacement = try #require((change["replacements"] as? [[String: Any]])?.first)
        #expect((replacement["insertedContent"] as? [String: String])?["text"] == "try Task.checkCancellation()")
        let suppression = try #require((results[1]["suppressions"] as? [[String: String]])?.first)
        #expect(suppression == ["kind": "inSource", "justification": "measured: 1 µs"])
        let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
        #expect(invocation["executionSuccessful"] as? Bool == false)
    }

    @Test("GitHub's commands escape what they must")
    func github() async {
        let finding = Finding(
            rule: "a/b", severity: .info, message: "50 % of it\nis: here", path: "a,b:c.swift",
            start: SourcePosition(line: 2, column: 3, characterColumn: 3, offset: 9),
            end: SourcePosition(line: 2, column: 7, characterColumn: 7, offset: 13), lineText: "", notes: [], fixes: [])
        let report = Linter.Report(findings: [finding], failures: [], fileCount: 1, byteCount: 1)
        #expect(
            ReportFormat.github.render(report)
                == "::notice file=a%2Cb%3Ac.swift,line=2,endLine=2,col=3,endColumn=7,title=a/b::50 %25 of it%0Ais: here\n"
        )
    }

    @Test("a clean report is empty text", arguments: [ReportFormat.text, .github])
    func clean(_ format: ReportFormat) {
        #expect(format.render(Linter.Report(findings: [], failures: [], fileCount: 0, byteCount: 0)).isEmpty)
    }
}
#endif
