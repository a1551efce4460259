#if Batch
import ConcertoBatch
import ConcertoHTTP
import TestSupport
import Testing

/// What servers answer, and what becomes of it; the numbers are those of the cases that people have suffered.
@Suite(.timeLimit(.minutes(5)))
struct AnswerCaseTests {
    private let batch: CaseRun

    init() throws { batch = try CaseRun() }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"a\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
    ])
    func `B17: half an answer is none: GET is tried again, and POST is not`(answer: String) async throws {
        try await RawServer.run({ _, _ in .init(answer, closes: true) }) { server in
            let lines = try await batch.run([
                #"{"id":"get","url":"\#(server.url)/"}"#,
                #"{"id":"post","method":"POST","body":{},"url":"\#(server.url)/"}"#,
            ]) { $0.maxRetries = 1 }
            #expect(lines["get"]?.kind == "closed" && lines["get"]?.attempts == 2, "\(lines)")
            #expect(lines["post"]?.kind == "closed" && lines["post"]?.status == nil, "\(lines)")
            #expect(server.requests.count { $0.method == "POST" } == 1)
        }
    }

    @Test func `B19: a body that stalls, or comes byte by byte, ends with the attempt's time, and the others come`()
        async throws
    {
        @Sendable func script(_ request: RawServer.Request, _: Int) -> RawServer.Answer {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"
            var answer = request.target == "/good" ? RawServer.Answer.ok("{}") : RawServer.Answer(head)
            answer.drips = request.target == "/drip"
            return answer
        }
        try await RawServer.run(script) { server in
            let lines = try await batch.run(
                ["stall", "drip"].map { #"{"id":"\#($0)","url":"\#(server.url)/\#($0)"}"# }
                    + (1...50).map { #"{"id":\#($0),"url":"\#(server.url)/good"}"# }
            ) { $0.timeout = .milliseconds(700) }
            #expect(lines["stall"]?.kind == "timeout" && lines["drip"]?.kind == "timeout", "\(lines)")
            #expect(lines.values.count { $0.status == 200 } == 50)
        }
    }

    @Test(arguments: [
        (#"{"v":NaN,"w":Infinity}"#, #""{\"v\":NaN,\"w\":Infinity}""#),
        (#"{"a":1}]"#, #""{\"a\":1}]""#),
        ("{\"s\":\"a\u{1}b\"}", #""{\"s\":\"a\u0001b\"}""#),
        ("<html>502</html>", #""<html>502</html>""#),
        ("", "null"),
        (#"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#),
        ("{\r\n  \"a\": 1\r\n}\r\n", #"{"a":1}"#),
        (
            #"{"id":12345678901234567890123,"f":1.10,"z":-0}"#,
            #"{"id":12345678901234567890123,"f":1.10,"z":-0}"#
        ),
        ("{\"s\":\"a\u{2028}b\u{85}c\"}", "{\"s\":\"a\u{2028}b\u{85}c\"}"),
    ])
    func `B20: what calls itself JSON and is none comes as text, and what is JSON as it was written, on one line`(
        body: String, result: String
    ) async throws {
        try await RawServer.run({ _, _ in .ok(body, "Content-Type: application/json\r\n") }) { server in
            let lines = try await batch.run([#"{"id":1,"url":"\#(server.url)/"}"#])
            #expect(lines["1"]?.body.map(String.init) == result)
        }
    }

    @Test func `B22, B23: a packed answer is unpacked, and a bomb is cut at the length asked for`() async throws {
        let (packed, count) = Gzip.zeros(4_000_000)
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
        try await RawServer.run({ _, _ in .init(Array(head.utf8) + packed) }) { server in
            for header in ["", #","headers":{"Accept-Encoding":"gzip"}"#] {
                let row = #"{"id":1,"url":"\#(server.url)/"\#(header)}"#
                let whole = try await batch.run([row])["1"]
                #expect((whole?["body"] as? String)?.utf8.count == count && whole?["body_truncated"] == nil)
                let cut = try await batch.run([row]) { $0.maxBody = 1_000 }["1"]
                #expect((cut?["body"] as? String)?.utf8.count == 1_000 && cut?["body_truncated"] as? Bool == true)
            }
        }
    }

    @Test func `B26: answers without a body are not waited for, and what comes before the answer is not it`()
        async throws
    {
        @Sendable func script(_ request: RawServer.Request, _: Int) -> RawServer.Answer {
            switch request.target {
            case "/204": "HTTP/1.1 204 No Content\r\n\r\n"
            case "/304": "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
            case "/head": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            default: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
            }
        }
        try await RawServer.run(script) { server in
            let lines = try await batch.run(
                ["204", "304", "head", "hints"].map {
                    #"{"id":"\#($0)","method":"\#($0 == "head" ? "HEAD" : "GET")","url":"\#(server.url)/\#($0)"}"#
                })
            #expect(
                lines.mapValues(\.status) == ["204": 204, "304": 304, "head": 200, "hints": 200]
                    && lines.values.allSatisfy { $0.kind == nil }, "\(lines)")
        }
    }

    @Test func `B28: two lengths are no answer`() async throws {
        let answer: RawServer.Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}xxx"
        try await RawServer.run({ _, _ in answer }) { server in
            let lines = try await batch.run([#"{"id":1,"url":"\#(server.url)/"}"#])
            #expect(lines["1"]?.kind == "protocol" && lines["1"]?.status == nil, "\(lines)")
        }
    }

    @Test
    func `B29: a refusal that comes before the body was sent is the answer, or the call is closed; POST is sent once`()
        async throws
    {
        let answer = RawServer.Answer(
            "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big", closes: true)
        try await RawServer.run(answersAnything: true, { _, _ in answer }) { server in
            let body = String(repeating: "x", count: 8_000_000)
            let lines = try await batch.run([#"{"id":1,"method":"POST","url":"\#(server.url)/","body":"\#(body)"}"#]) {
                $0.maxRetries = 2
            }
            #expect(lines["1"]?.status == 413 || lines["1"]?.kind == "closed", "\(lines)")
            #expect(lines["1"]?.attempts == 1 && server.connections == 1)
        }
    }

    @Test func `B30: a result tells where a redirect has led, and no secret goes to another origin`() async throws {
        try await RawServer.run({ _, _ in .ok("{}") }) { other in
            @Sendable func script(_ request: RawServer.Request, _: Int) -> RawServer.Answer {
                switch request.target {
                case "/away": .status(302, "Location: \(other.url)/there?token=S3cret&page=2\r\n")
                case "/here": .status(308, "Location: /end\r\n")
                case "/loop": .status(302, "Location: /loop\r\n")
                case "/ftp": .status(302, "Location: ftp://x/\r\n")
                default: .ok("{}")
                }
            }
            try await RawServer.run(script) { server in
                let lines = try await batch.run(
                    ["away", "here", "loop", "ftp", "end"].map { #"{"id":"\#($0)","url":"\#(server.url)/\#($0)"}"# }
                ) {
                    $0.followsRedirects = true
                    $0.headers = [("Authorization", "a"), ("X-Api-Key", "b"), ("X-Own", "c"), ("X-Plain", "d")]
                    $0.secretHeaders = ["x-own"]
                }
                #expect(
                    lines["away"]?["final_url"] as? String == "\(other.url)/there?token=(secret)&page=2", "\(lines)")
                #expect(lines["here"]?["final_url"] as? String == "\(server.url)/end")
                #expect(lines["end"]?.status == 200 && lines["end"]?["final_url"] == nil)
                #expect(lines["loop"]?.kind == "redirect" && lines["ftp"]?.kind == "redirect")
            }
            let request = try #require(other.requests.first)
            #expect(request.header("x-plain") == ["d"])
            for name in ["authorization", "x-api-key", "x-own"] { #expect(request.header(name) == [], "\(name)") }
        }
    }

    @Test func `B31: rows know nothing of each other's cookies`() async throws {
        try await RawServer.run({ _, _ in .ok("{}", "Set-Cookie: a=b; Path=/\r\n") }) { server in
            _ = try await batch.run((1...5).map { #"{"id":\#($0),"url":"\#(server.url)/"}"# }) { $0.concurrency = 1 }
            #expect(server.requests.count == 5 && server.requests.allSatisfy { $0.header("cookie").isEmpty })
        }
    }
}
#endif
