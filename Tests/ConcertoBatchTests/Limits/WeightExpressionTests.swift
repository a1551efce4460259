#if Batch
import Testing

@testable import ConcertoBatch

struct WeightExpressionTests {
    private static let body = #"{"max_tokens":100,"n":2,"messages":[{"content":"äb"}],"s":"x"}"#

    @Test(arguments: [
        (".max_tokens", 100), (".max_tokens + chars/4", 116), ("bytes", 63), ("chars / 62", 1), ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9), (".none // 500", 500), (".max_tokens * .n // 1", 200), (".none // .s // 7", 7),
        ("max(.max_tokens, 4000)", 4000), ("min(.max_tokens, chars - 60)", 2), ("10/4", 3), (".[\"n\"]+.n", 4),
    ])
    func `a weight is reckoned of the body's numbers and its length, rounded up`(text: String, weight: Int) throws {
        #expect(try WeightExpression(text).weight(of: Array(Self.body.utf8)) == weight)
    }

    @Test(arguments: ["", ".a +", "tokens", "(1", "1)", "max(1)", ".a[", "1 2", "!"])
    func `what is no weight is told with what one looks like`(text: String) {
        #expect(throws: JSONPath.Problem.self) { try WeightExpression(text) }
    }

    @Test(arguments: [".none", ".s", "0 - 1", "1 / 0", ".max_tokens * 1000000000"])
    func `a call without a number that can be one has no weight`(text: String) throws {
        let expression = try WeightExpression(text)
        #expect(throws: WeightExpression.Problem.self) { try expression.weight(of: Array(Self.body.utf8)) }
    }

    @Test func `brackets without end are no weight and no crash`() {
        #expect(throws: JSONPath.Problem.self) { try WeightExpression(String(repeating: "(", count: 1_000)) }
    }
}
#endif
