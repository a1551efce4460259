#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("Every example of every rule")
struct ExampleTests {
    @Test("is judged as its page says", arguments: MarkedExample.all)
    func judged(_ example: MarkedExample) async {
        let starts = await example.findings(in: example.code).map(\.start.offset).sorted()
        #expect(starts == example.marks)
        #expect(example.isReported == !example.marks.isEmpty)
    }

    @Test(
        "needs async and await where its rule does",
        arguments: MarkedExample.all.filter { $0.page.needsAsync && $0.isReported && !$0.example.survivesStripping })
    func stripped(_ example: MarkedExample) async {
        var code = example.code.replacing("async let", with: "let").replacing("for await", with: "for")
        for word in ["async", "await"] {
            code = code.replacing(try! Regex("\\b\(word)\\b ?"), with: "")
        }
        let findings = await example.findings(in: code)
        #expect(findings.map(\.message) == [], "reported without async and await: \(code)")
    }

    @Test("is fixed for good, and what comes out parses", arguments: MarkedExample.all.filter(\.isReported))
    func fixed(_ example: MarkedExample) async {
        let findings = await example.findings(in: example.code)
        let fixable = findings.filter { $0.fixes.contains { $0.safety == .safe } }
        let outcome = Fixer.apply(findings, to: Array(example.code.utf8))
        #expect(outcome.count == fixable.count)
        guard outcome.count > 0 else { return }
        let text = String(decoding: outcome.bytes, as: UTF8.self)
        // `findings(in:)` expects that it parses.
        let left = await example.findings(in: text)
        #expect(left.count == findings.count - outcome.count, "still reported after the fix: \(text)")
    }

    @Test(
        "there are at least six of each kind",
        arguments: RuleCatalog.pages.filter { !$0.reported.isEmpty || !$0.clean.isEmpty })
    func enough(_ page: RulePage) {
        #expect(page.reported.count >= 6)
        #expect(page.clean.count >= 6)
        #expect(Set((page.reported + page.clean).map(\.name)).count == page.reported.count + page.clean.count)
    }

    @Test("suggestions parse too", arguments: MarkedExample.all.filter(\.isReported))
    func suggested(_ example: MarkedExample) async {
        for finding in await example.findings(in: example.code) {
            for fix in finding.fixes {
                let forced = Fix(title: fix.title, safety: .safe, edits: fix.edits)
                let bytes = Fixer.apply([finding.with(forced)], to: Array(example.code.utf8)).bytes
                _ = await example.findings(in: String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}

extension RulePage: CustomTestStringConvertible {
    /// The id, where the test runner prints arguments.
    public var testDescription: String { id }
}

extension Finding {
    fileprivate func with(_ fix: Fix) -> Finding {
        Finding(
            rule: rule, severity: severity, message: message, path: path, start: start, end: end, lineText: lineText,
            notes: notes, fixes: [fix])
    }
}
#endif
