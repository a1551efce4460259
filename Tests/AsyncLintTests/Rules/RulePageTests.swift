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

    @Test("docs/rules holds no page of a rule that is gone")
    func gone() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Checkout.root + "/docs/rules")
        #expect(Set(names) == Set(RuleCatalog.pages.map { $0.fileName + ".md" }))
    }
}
#endif
