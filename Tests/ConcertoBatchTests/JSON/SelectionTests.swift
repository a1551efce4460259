#if Batch
import ConcertoHTTP
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct SelectionTests {
    private let text =
        #"{"a":{"b c":[{"id":1},{"id":"x"},{"no":0}]},"n":12345678901234567890,"f":1.10,"z":null,"e":[],"é":true,"d":1,"d":2}"#

    @Test(
        arguments: [
            (".n", "12345678901234567890"), (".f", "1.10"), (".a[\"b c\"][0].id", "1"), (".a.\"b c\"[-1].no", "0"),
            (".a[\"b c\"][].id", #"[1,"x"]"#), (".e[]", "[]"), (".z", "null"), (".z // \"none\"", #""none""#),
            (".x // 7", "7"), (".x", nil), (".n.x", nil), (".a[\"b c\"][9]", nil), (".é", "true"), (".d", "2"),
            (".\"\\u00e9\"", "true"), (".e", "[]"), (".a[].x", "[]"),
        ] as [(String, String?)])
    func `a path finds what stands there, as it stands there`(path: String, value: String?) throws {
        let json = try JSONText(text.utf8).bytes
        #expect(try JSONPath(path).value(in: json)?.text == value)
        #expect(try JSONPath(".").value(in: json)?.bytes == json)
    }

    @Test(arguments: ["", "a", ".a[", ".a[x]", ".a b", ".a//1", ".a // x", "..a", ".a.\"b"])
    func `what is no path is told, with one that is`(path: String) {
        let problem = #expect(throws: JSONPath.Problem.self) { try JSONPath(path) }
        #expect(problem?.description.contains("one looks like") == true)
    }

    @Test(
        arguments: [
            (".errors == null", nil, nil),
            (".errors == null", "no", "expected .errors == null, found [{\"m\":\"no\"}]"),
            (".errors", nil, "expected .errors, found nothing"), (".errors[0].m == \"no\"", "no", nil),
            ("status == 200", nil, nil), ("status != 200", nil, "expected status != 200, found 200"),
            (".n == 1.0", nil, nil), (".n == 2", nil, "expected .n == 2, found 1"), (".s == \"a==b\"", nil, nil),
        ] as [(String, String?, String?)])
    func `B25: an answer is as expected or not`(expectation: String, error: String?, failure: String?) throws {
        let errors = error.map { #","errors":[{"m":"\#($0)"}]"# } ?? ""
        let body = Array(#"{"n":1,"s":"a==b"\#(errors)}"#.utf8)
        #expect(try Expectation(expectation).failure(status: 200, body: body) == failure)
    }

    @Test func `B25: a 200 with an error inside, or no JSON at all, is a failed row`() async throws {
        let setup = try RunSetup()
        try setup.folder.write("input", (1...3).map { "{\"url\":\"http://h/\($0)\"}\n" }.joined())
        let bodies = ["", #"{"data":{"v":007e0}}"#, #"{"data":{"v":1.50},"errors":null}"#, "<html>"]
        let transport = setup.transport { call, _ in
            let number = Int(call.url.split(separator: "/").last!)!
            let body = number == 1 ? #"{"errors":[1]}"# : bodies[number]
            return .init(status: 200, headers: ["content-type": "application/json"], body: .init(string: body))
        }
        var options = setup.options()
        options.expectations = [try Expectation(".errors == null")]
        options.selections = [try Selection("v=.data.v")]
        let summary = try await setup.finish(options, transport)
        let results = try setup.results()
        #expect(summary.failed == 2 && summary.errors == ["expectation": 2])
        #expect(setup.kind(results["1"]) == "expectation" && setup.kind(results["3"]) == "expectation")
        #expect(results["2"]?["error"] is NSNull && results["2"]?["body"] == nil)
        #expect(try setup.folder.read("out").contains(#""status":200,"v":1.50,"attempts":1"#))
        #expect(results["1"]?["v"] is NSNull && results["1"]?["body"] != nil, "what failed is shown as it came")
    }
}
#endif
