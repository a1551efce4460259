#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("Rule pages")
struct RulePageTests {
    @Test("docs/rules holds every rule's page as it is", arguments: RuleCatalog.pages)
    func written(_ page: RulePage) throws {
        let path = Checkout.root + "/docs/rules/\(page.fileName).md"
        let data = try #require(
            FileManager.default.contents(atPath: path), "write the pages: asynclint rules --write-pages")
        #expect(
            String(decoding: data, as: UTF8.self) == page.markdown, "write the pages: asynclint rules --write-pages")
    }

    @Test("docs/asynclint.md holds the table of all rules as they are")
    func table() throws {
        let data = try #require(FileManager.default.contents(atPath: Checkout.root + "/docs/asynclint.md"))
        let text = String(decoding: data, as: UTF8.self)
        #expect(RuleCatalog.replacingTable(in: text) == text, "write it: asynclint rules --write-pages")
    }

    @Test(
        "every count of rules in the documentation is the count of rules",
        arguments: ["docs/asynclint.md", "README.md", "CHANGELOG.md"])
    func counts(_ name: String) throws {
        let data = try #require(FileManager.default.contents(atPath: Checkout.root + "/" + name))
        let text = String(decoding: data, as: UTF8.self)
        let wanted = RuleCatalog.types.count
        for match in text.matches(of: /(\d+) rules for asynchronous mistakes/) {
            #expect(Int(match.1) == wanted, "\(name) counts \(match.1) rules; there are \(wanted)")
        }
    }

    @Test("docs/rules holds no page of a rule that is gone")
    func gone() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Checkout.root + "/docs/rules")
        #expect(Set(names) == Set(RuleCatalog.pages.map { $0.fileName + ".md" }))
    }
}
#endif
