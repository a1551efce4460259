#if HTTP
import ConcertoHTTP
import Testing

struct HeaderRulesTests {
    @Test(arguments: ["GET", "X-Id", "a", "!#$%&'*+-.^_`|~09azAZ"])
    func tokensAreNames(text: String) { #expect(HeaderRules.isToken(text)) }

    @Test(arguments: ["", " ", "a b", "a:", "a\r", "a\n", "naïve", "a\u{0}", "(x)", "a/b", "\"a\"", "a,b", "😀"])
    func everythingElseIsNone(text: String) {
        #expect(!HeaderRules.isToken(text))
        #expect(HeaderRules.problem(name: text, value: "v") != nil)
    }

    @Test(arguments: ["a\r\nX-Evil: 1", "a\n", "\r", "a\u{0}b", "\u{0}", "é\r\n"])
    func valuesThatCouldBeginAnotherHeaderAreRefusedWithoutBeingRepeated(value: String) throws {
        let problem = try #require(HeaderRules.problem(name: "X-Name", value: value))
        #expect(problem.contains("X-Name"))
        #expect(!problem.contains(value))
    }

    @Test(arguments: ["", "a b", "Bearer x.y-z==", "naïve 😀", "a\tb"])
    func ordinaryValuesPass(value: String) {
        #expect(HeaderRules.problem(name: "X-Name", value: value) == nil)
    }
}
#endif
