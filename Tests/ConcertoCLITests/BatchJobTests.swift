#if CLI
import DemoServer
import Foundation
import TestSupport
import Testing

/// Whole jobs: limits, tokens, steps, downloads, as a person gives them.
@Suite(.timeLimit(.minutes(30)))
struct BatchJobTests {
    private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Examples/Batch").standardizedFileURL

    @Test func `the five example jobs run as they stand, against the demo server`() async throws {
        let scratch = try Scratch()
        let script = Self.examples.appendingPathComponent("run-all").path
        let ending = try await ToolProcess(
            [script, "out"], in: scratch, environment: ["CONCERTO": ToolProcess.binary.path],
            executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
        #expect(ending.code == 0 && ending.errors == "", "\(ending.errors)")
        let places = try scratch.read("out/places.csv").split(separator: "\n")
        #expect(places.first == "id,city,country,status,lat,lon,error_kind,error" && places.count == 6, "\(places)")
        #expect(places[2].hasPrefix("2,\"Frankfurt, Oder\",DE,200,"), "\(places[2])")
        let answers = try scratch.results("out/answers.ndjson")
        #expect(answers.count == 4 && answers.allSatisfy { ($0["tokens"] as? Int ?? 0) > 10 }, "\(answers)")
        #expect(answers.contains { $0["text"] as? String == "gninrom dooG :namreG otni etalsnarT" })
        let bytes = try Data(contentsOf: scratch.url.appendingPathComponent("out/images/animals/%2E.%2Fdog.bin"))
        #expect(Array(bytes) == Array(0...255))
        let orders = try scratch.results("out/orders.ndjson")
        #expect(Set(orders.map { $0["pages"] as? Int ?? 0 }) == [1, 3, 5])
        let reports = try scratch.read("out/reports.csv").split(separator: "\n")
        #expect(
            reports.count == 4 && reports.dropFirst().allSatisfy { $0.contains(",200,result of job ") }, "\(reports)")
    }

    @Test func `a token of the environment's client stands in no file and on no screen, nor does the client's secret`()
        async throws
    {
        let scratch = try Scratch()
        try scratch.write("in", (1...20).map { #"{"url":"{server}/private/\#($0)"}"# })
        try await DemoServer.run { server in
            try scratch.write("in", (1...20).map { #"{"url":"\#(server.url)/private/\#($0)"}"# })
            let words = [
                "batch", "in", "--token-url", "\(server.url)/token", "--token-client", "me:{env:CLIENT_SECRET}",
            ]
            let environment = ["CLIENT_SECRET": "S3client:x"]
            let ending = try await ToolProcess(words + ["-o", "out"], in: scratch, environment: environment).wait()
            #expect(ending.code == 0, "\(ending.errors)")
            #expect(server.hits["POST /token"] == 1)
            let dry = try await ToolProcess(words + ["--dry-run"], in: scratch, environment: environment).wait()
            #expect(dry.code == 0 && dry.output.contains("Authorization: (secret)"), "\(dry)")
            for secret in ["S3client", "demo-1"] {
                for text in [ending.errors, ending.output, dry.output, dry.errors] { #expect(!text.contains(secret)) }
                for name in scratch.names where name.hasPrefix("out") {
                    let bytes = try Data(contentsOf: scratch.url.appendingPathComponent(name))
                    #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret) in \(name)")
                }
            }
        }
    }

    @Test func `killed at random, a row's job is created at most once and looked at until it is done`() async throws {
        let kills = ProcessInfo.processInfo.environment["CONCERTO_KILLS"].flatMap(Int.init) ?? 8
        var random = seededRandom()
        let scratch = try Scratch()
        let rows = kills * 20
        let moments = (0..<kills).map { _ in
            (calls: Int.random(in: 1...60, using: &random), concurrency: Int.random(in: 1...16, using: &random))
        }
        try scratch.write("poll.json", [#"{"url": "{location}"}"#])
        try scratch.write("in.csv", ["id"] + (1...rows).map { "r\($0)" })
        try await DemoServer.run { server in
            func arguments(_ concurrency: Int) -> [String] {
                [
                    "batch", "in.csv", "-o", "out", "-c", "\(concurrency)", "--id-column", "id", "--url",
                    "\(server.url)/jobs", "--body", #"{"row": "{id}"}"#, "--then", "poll.json", "--until",
                    #".state == "done""#, "--every", "10ms",
                ] + (scratch.exists("out.store") ? ["--resume"] : [])
            }
            for moment in moments {
                let calls = server.hits.values.reduce(0, +) + moment.calls
                let tool = try ToolProcess(arguments(moment.concurrency), in: scratch)
                await tool.hasEnded(orReceived: calls, by: server)
                tool.signal(SIGKILL)
                _ = try await tool.wait()
            }
            let last = try await ToolProcess(arguments(8), in: scratch).wait()
            #expect(last.code == 0 || last.code == 1, "\(last.errors)")
            #expect(server.hits["POST /jobs"] ?? 0 <= rows, "no job was created twice")
        }
        let results = try scratch.results("out")
        #expect(Set(results.compactMap { $0["id"] as? String }).count == rows && results.count == rows)
        let jobs = results.compactMap { ($0["body"] as? [String: any Sendable])?["result"] as? String }
        let unknown = results.filter {
            ($0["error"] as? [String: any Sendable])?["kind"] as? String == "unknown_outcome"
        }
        #expect(jobs.count + unknown.count == rows && Set(jobs).count == jobs.count)
    }

    @Test(
        "What makes no sense is told before the first call",
        arguments: [
            (["--rate", "90000tokens/m"], "a limit of tokens needs --weight"),
            (["--weight", "1"], "a weight belongs to a limit of what it counts"),
            (["--rate", "5tokens/m", "--weight", "tokens"], "is no weight"), (["--rate", "5t/d"], "--rate"),
            (["--rate-by", "a b"], "rate-by must be the name of a header"),
            (["--token-client", "a:b"], "belong to --token-url"),
            (["--token-url", "http://127.0.0.1:1/"], "token-url needs --token-client"),
            (["--token-url", "http://127.0.0.1:1/", "--token-client", "S3cret"], "looks like NAME:SECRET"),
            (["--then", "none.json"], "the file can't be read"), (["--until", ".a ="], "is not understood"),
            (["--until", ".a", "--next-link"], "pages and further steps exclude each other"),
            (["--until", ".a", "--every", "0s"], "every must be 10ms to 24h"),
            (["--save", "x.bin"], "could give two rows one file"),
            (["--save", "{id}", "--select", "a=.a"], "neither pages nor --select"),
        ])
    func wrongArguments(arguments: [String], message: String) async throws {
        let scratch = try Scratch()
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        let ending = try await ToolProcess(["batch", "in", "-o", "out"] + arguments, in: scratch).wait()
        #expect(ending.code == 2 && ending.errors.contains(message), "\(ending.errors)")
        #expect(!ending.errors.contains("S3cret") && !scratch.names.contains { $0.hasPrefix("out") })
    }
}
#endif
