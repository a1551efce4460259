#if CLI
import DemoServer
import Foundation
import Testing

@Suite("concerto batch: what it shows")
struct BatchLookTests {
    private let scratch: Scratch
    private static let secret = "s3cr3t-value"

    init() throws { scratch = try Scratch() }

    @Test("The quickstart succeeds, with retries and a throttled host in its story", .timeLimit(.minutes(5)))
    func quickstart() async throws {
        let ending = try await ToolProcess.run(
            "batch", Self.example("quickstart"), "--demo-server", "-o", "out", "--summary-json", "summary", in: scratch)
        #expect(ending.code == 0, "\(ending.errors)")
        #expect(ending.errors.contains("1,000 rows: 1,000 succeeded, 0 failed"))
        let summary = try #require(
            try JSONSerialization.jsonObject(with: Data(scratch.read("summary").utf8)) as? [String: any Sendable])
        let retries = try #require(summary["retries"] as? [String: Int])
        #expect(Set(retries.keys) == ["429", "503", "closed"], "\(retries)")
        #expect((summary["throttled_milliseconds"] as? [String: Double])?.values.first ?? 0 >= 1000)
        #expect(summary["succeeded"] as? Int == 1000)
        let ids = try scratch.results("out").compactMap { $0["id"] as? String }
        #expect(ids.count == 1000 && Set(ids).count == 1000)
    }

    @Test("The example with failures ends with exit code 1 and a list of them")
    func failures() async throws {
        let ending = try await ToolProcess.run(
            "batch", Self.example("failures"), "--demo-server", "-o", "out", in: scratch)
        #expect(ending.code == 1)
        for id in ["missing", "gone", "not-an-order", "ftp", "typo", "30", "smuggled"] {
            #expect(ending.errors.contains("id \(id): "), "\(ending.errors)")
        }
        #expect(ending.errors.contains("33 succeeded, 7 failed"))
    }

    @Test("Rows come from standard input and results go to standard output")
    func pipes() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try await ToolProcess.run(
                "batch", "-", in: scratch,
                input: (1...20).map { "{\"url\":\"\(server.url)/users/\($0)\"}\n" }.joined()
                    + "{\"id\":3,\"url\":\"x\"}")
        }
        #expect(ending.code == 1)
        let lines = ending.output.split(separator: "\n")
        #expect(lines.count == 21)
        #expect(lines.contains { $0.contains("duplicate_id") && $0.contains("line 21 has the id of line 3") })
    }

    @Test("Secrets reach the server and nothing else: not the log, not the store, not the summary, not the output")
    func secrets() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in",
                [
                    #"{"id":"row","url":"\#(server.url)/users/1?k={env:CONCERTO_SECRET}","headers":{"Cookie":"\#(Self.secret)"}}"#,
                    #"{"id":"fails","url":"\#(server.url)/status/404","headers":{"X-Own":"{env:CONCERTO_SECRET}"}}"#,
                    #"{"id":"not-allowed","url":"\#(server.url)/echo","headers":{"X-Home":"{env:HOME}"}}"#,
                ])
            return try await ToolProcess.run(
                "batch", "in", "-o", "out", "-H", "Authorization: Bearer {env:CONCERTO_SECRET}", "--secret-header",
                "X-Own", "--allow-env", "CONCERTO_SECRET", "--summary-json", "summary", in: scratch,
                environment: ["CONCERTO_SECRET": Self.secret])
        }
        #expect(ending.code == 1)
        #expect(ending.errors.contains("{env:HOME} is not allowed here; name it with --allow-env HOME"))
        for name in scratch.names where name.hasPrefix("out") || name == "summary" {
            let content = try Data(contentsOf: scratch.url.appendingPathComponent(name))
            #expect(content.range(of: Data(Self.secret.utf8)) == nil, "\(name) holds the secret")
        }
        #expect(!(ending.errors + ending.output).contains(Self.secret))
    }

    @Test("A dry run shows the calls, secrets masked, and makes none")
    func dryRun() async throws {
        let (ending, hits) = try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in",
                [
                    #"{"url":"\#(server.url)/users/{env:CONCERTO_SECRET}"}"#,
                    #"{"url":"http://me:\#(Self.secret)@h/orders","body":{"n":12345678901234567890}}"#,
                ])
            let ending = try await ToolProcess.run(
                "batch", "in", "-H", "Authorization: \(Self.secret)", "--allow-env", "CONCERTO_SECRET", "--dry-run",
                in: scratch, environment: ["CONCERTO_SECRET": Self.secret])
            return (ending, server.hits)
        }
        #expect(ending.code == 0)
        #expect(hits.isEmpty)
        #expect(!ending.output.contains(Self.secret))
        #expect(
            ending.output.contains(
                "POST http://h/orders\nAuthorization: (secret)\nContent-Type: application/json"))
        #expect(ending.output.contains(#"{"n":12345678901234567890}"#))
    }

    // T17: the first try of a new user, in which progress and results overwrote each other.
    @Test(
        "Results on a terminal are not drawn over; results in a file leave the terminal to the progress",
        arguments: [true, false])
    func terminal(isShared: Bool) async throws {
        let drawn = try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...20).map { "{\"url\":\"\(server.url)/users/\($0)\"}" })
            let terminal = try Terminal(hasOutput: isShared)
            let tool = try ToolProcess(
                ["batch", "in", "--rate", "20/s"] + (isShared ? [] : ["-o", "out"]), in: scratch,
                environment: ["TERM": "xterm"], terminal: terminal)
            #expect(try await tool.wait().code == 0)
            return terminal.read()
        }
        #expect(drawn.contains("20 succeeded"), "\(drawn)")
        #expect(drawn.contains("in flight") == !isShared, "\(drawn)")
        #expect(drawn.contains("\u{1B}[2K") == !isShared, "\(drawn)")
        let results = drawn.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("{\"id\":") }
        #expect(results.count == (isShared ? 20 : 0), "every result on a line of its own")
    }

    // S3: an id set the title of the terminal, and one with a line break broke the list.
    @Test("Control characters of ids, URLs and fields are spelt out")
    func controlCharacters() async throws {
        try scratch.write(
            "in",
            [
                #"{"id":"\u001b]0;title\u0007\n","url":"http://127.0.0.1:1/"}"#, #"{"id":"a\nb","url":"x\u001b[2J"}"#,
                #"{"url":"http://h/","\u001b[31m":1}"#, #"{"url":"http://h/","method":"\u009b31m"}"#,
            ])
        for arguments in [["-o", "out", "--max-retries", "0"], ["--dry-run"]] {
            let ending = try await ToolProcess(["batch", "in"] + arguments, in: scratch).wait()
            let said = ending.errors + ending.output
            #expect(!said.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || (0x7F..<0xA0).contains($0.value) })
            #expect(said.contains(#"\u{1b}]0;title\u{7}\u{a}"#), "\(said)")
        }
    }

    @Test("What goes wrong is on the progress line")
    func cause() async throws {
        let drawn = try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...30).map { "{\"url\":\"\(server.url)/status/404?\($0)\"}" })
            let terminal = try Terminal(hasOutput: false)
            let tool = try ToolProcess(
                ["batch", "in", "--rate", "20/s", "-o", "out"], in: scratch, environment: ["TERM": "xterm"],
                terminal: terminal)
            #expect(try await tool.wait().code == 1)
            return terminal.read()
        }
        #expect(drawn.contains("failed (404 × "), "\(drawn)")
    }

    @Test("--quiet says nothing")
    func quiet() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write("in", ["{\"url\":\"\(server.url)/users/1\"}"])
            return try await ToolProcess.run("batch", "in", "--quiet", in: scratch)
        }
        #expect(ending.code == 0 && ending.errors.isEmpty)
        #expect(ending.output.contains(#""body":{"id":"1","name":"User 1"}"#), "\(ending.output)")
    }

    @Test("JSON stays JSON, text stays text, binary becomes base64, large bodies are cut and flagged")
    func bodies() async throws {
        _ = try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in",
                ["users/1", "text/2", "binary/3", "large/500"].map { #"{"id":"\#($0)","url":"\#(server.url)/\#($0)"}"# }
            )
            return try await ToolProcess.run("batch", "in", "-o", "out", "--max-body", "300B", in: scratch)
        }
        let results = Dictionary(
            uniqueKeysWithValues: try scratch.results("out").map { ($0["id"] as? String ?? "", $0) })
        #expect((results["users/1"]?["body"] as? [String: any Sendable])?["name"] as? String == "User 1")
        #expect(results["text/2"]?["body"] as? String == "Text 2\n")
        #expect(results["binary/3"]?["body"] as? String == Data(0...255).base64EncodedString())
        #expect(results["binary/3"]?["body_encoding"] as? String == "base64")
        #expect((results["large/500"]?["body"] as? String)?.count == 300)
        #expect(results["large/500"]?["body_truncated"] as? Bool == true)
    }

    private static func example(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Examples/\(name).ndjson").path
    }
}
#endif
