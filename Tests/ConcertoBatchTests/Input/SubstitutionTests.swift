#if Batch
import Testing

@testable import ConcertoBatch

struct SubstitutionTests {
    private let substitution = Substitution(server: "http://s:1", environment: ["A": "1", "B": "{env:A}", "E": ""])

    @Test(arguments: [
        ("plain", "plain"), ("{server}/x", "http://s:1/x"), ("{env:A}{env:A}", "11"), ("{env:E}", ""),
        ("{env:B}", "{env:A}"), ("{other}", "{other}"), ("{", "{"), ("}", "}"), ("{}", "{}"), ("{server", "{server"),
        ("{{env:A}}", "{1}"), ("{\"a\": {env:A}}", "{\"a\": 1}"), ("a}{env:A}", "a}1"), ("{Env:A}", "{Env:A}"),
        ("é{env:A}😀", "é1😀"),
    ])
    func replacesPlaceholdersOnceAndLeavesOtherBraces(template: String, text: String) throws {
        #expect(try substitution.apply(to: template) == text)
    }

    @Test func aVariableThatIsNotAllowedIsNamed() {
        let error = #expect(throws: Substitution.Problem.self) { try substitution.apply(to: "{env:PATH}") }
        #expect(error?.description.contains("--allow-env PATH") == true)
    }

    @Test func withoutAServerItsPlaceholderIsAnError() {
        #expect(throws: Substitution.Problem.self) { try Substitution().apply(to: "{server}") }
    }
}
#endif
