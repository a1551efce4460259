#if CLI
import DemoServer
import Foundation
import TestSupport
import Testing

@Suite("concerto batch: tables in, tables out", .timeLimit(.minutes(5)))
struct BatchTableTests {
    private static let kills = ProcessInfo.processInfo.environment["CONCERTO_KILLS"].flatMap(Int.init) ?? 8
    private static let rows = kills * 100

    @Test(
        "Killed at random, a table in its order has every row exactly once, and no finished row and no POST was called twice",
        .timeLimit(.minutes(30)))
    func killedAtRandom() async throws {
        var random = seededRandom()
        let scratch = try Scratch()
        let moments = (0..<Self.kills).map { _ in
            (calls: Int.random(in: 1...95, using: &random), concurrency: Int.random(in: 1...64, using: &random))
        }
        try scratch.write(
            "in.csv",
            ["id,method,path"]
                + (1...Self.rows).map { "\"r \($0)\",\($0 % 2 == 0 ? "POST,/status/201" : "GET,/users")/\($0)" })
        try await DemoServer.run { server in
            func arguments(_ concurrency: Int) -> [String] {
                [
                    "batch", "in.csv", "-o", "out.csv", "-c", "\(concurrency)", "--id-column", "id", "--method",
                    "{method}",
                    "--url", "\(server.url){path:raw}",
                ] + (scratch.exists("out.csv.store") ? ["--resume"] : [])
            }
            var finished: [String: Int] = [:]
            func call(_ id: String) -> String {
                let number = Int(id.dropFirst(2)) ?? 0
                return number % 2 == 0 ? "POST /status/201/\(number)" : "GET /users/\(number)"
            }
            func check() {
                let hits = server.hits
                for (id, count) in finished where hits[call(id)] ?? 0 != count {
                    Issue.record("\(id) was called again after it had finished")
                }
                for (call, count) in hits where call.hasPrefix("POST") && count > 1 {
                    Issue.record("\(call) was executed \(count) times")
                }
            }
            for moment in moments {
                let calls = server.hits.values.reduce(0, +)
                let tool = try ToolProcess(arguments(moment.concurrency), in: scratch)
                await tool.hasEnded(orReceived: calls + moment.calls, by: server)
                tool.signal(SIGKILL)
                _ = try await tool.wait()
                for id in try StoreReader.finished(scratch.path("out.csv.store")) where finished[id] == nil {
                    finished[id] = server.hits[call(id)] ?? 0
                }
                check()
            }
            let last = try await ToolProcess(arguments(8), in: scratch).wait()
            #expect(last.code == 0 || last.code == 1, "\(last.errors)")
            check()
        }
        let lines = try scratch.read("out.csv").split(separator: "\n")
        #expect(lines.first == "id,method,path,status,body,error_kind,error")
        #expect(lines.dropFirst().map { $0.prefix { $0 != "," } } == (1...Self.rows).map { "r \($0)" })
    }

    @Test(
        "Killed at random, rows that come in pages have all their pages once and in order, and finished rows are not read again",
        .timeLimit(.minutes(30)))
    func killedAmongPages() async throws {
        var random = seededRandom()
        let scratch = try Scratch()
        let rows = Self.kills * 20
        let moments = (0..<Self.kills).map { _ in
            (calls: Int.random(in: 1...95, using: &random), concurrency: Int.random(in: 1...32, using: &random))
        }
        try scratch.write("in.csv", ["name"] + (1...rows).map { "p\($0)" })
        try await DemoServer.run { server in
            func arguments(_ concurrency: Int) -> [String] {
                [
                    "batch", "in.csv", "-o", "out", "-c", "\(concurrency)", "--id-column", "name", "--url",
                    "\(server.url)/pages/5/{name}/1", "--next", ".next", "--join", ".items",
                ] + (scratch.exists("out.store") ? ["--resume"] : [])
            }
            var finished: [String: Int] = [:]
            for moment in moments {
                let calls = server.hits.values.reduce(0, +) + moment.calls
                let tool = try ToolProcess(arguments(moment.concurrency), in: scratch)
                await tool.hasEnded(orReceived: calls, by: server)
                tool.signal(SIGKILL)
                _ = try await tool.wait()
                for id in try StoreReader.finished(scratch.path("out.store")) where finished[id] == nil {
                    finished[id] = server.hits["GET /pages/5/\(id)/1"] ?? 0
                }
            }
            let last = try await ToolProcess(arguments(8), in: scratch).wait()
            #expect(last.code == 0, "\(last.errors)")
            for (id, count) in finished where server.hits["GET /pages/5/\(id)/1"] ?? 0 != count {
                Issue.record("\(id) was read again after it had finished")
            }
        }
        let lines = try scratch.read("out").split(separator: "\n")
        #expect(lines.count == rows)
        for number in 1...rows {
            let items = (1...5).map { #"{"list":"p\#(number)","page":\#($0)}"# }.joined(separator: ",")
            let expected = #"{"id":"p\#(number)","status":200,"body":[\#(items)],"pages":5,"#
            #expect(lines.filter { $0.hasPrefix(expected) }.count == 1, "p\(number)")
        }
    }

    @Test("A token in a column, and one of the environment, stand in no file and on no screen")
    func secrets() async throws {
        let scratch = try Scratch()
        try scratch.write("in.csv", ["id,token,key", "1,S0column,S1key", "2,S0column,S1key"])
        try await DemoServer.run { server in
            let ending = try await ToolProcess.run(
                "batch", "in.csv", "-o", "out.csv", "--url",
                "\(server.url)/users/{id}?api_key={key}&sig={env:SIGNATURE}",
                "-H", "Authorization: Bearer {token}", in: scratch, environment: ["SIGNATURE": "S2signature"])
            #expect(ending.code == 0, "\(ending.errors)")
            let dry = try await ToolProcess.run(
                "batch", "in.csv", "--dry-run", "--url", "http://h/{id}?api_key={key}&sig={env:SIGNATURE}",
                "-H", "Authorization: Bearer {token}", in: scratch, environment: ["SIGNATURE": "S2signature"])
            #expect(dry.code == 0 && dry.output.contains("GET http://h/1?api_key=(secret)&sig=(secret)"), "\(dry)")
            for secret in ["S0column", "S1key", "S2signature"] {
                for text in [ending.errors, ending.output, dry.output, dry.errors] { #expect(!text.contains(secret)) }
                for name in scratch.names where name.hasPrefix("out") {
                    let bytes = try Data(contentsOf: scratch.url.appendingPathComponent(name))
                    #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret) in \(name)")
                }
            }
        }
        #expect(try scratch.read("out.csv").hasPrefix("id,status,body,error_kind,error\n1,200,"))
    }

    @Test(
        "What is no path, no condition and no page is told before the first call",
        arguments: [
            (["--select", "x"], "'x' is no selection; one looks like name=.items[0].name"),
            (["--select", "id=.x"], "'id' is what results call something else already"),
            (["--select", "a=.x", "--select", "a=.y"], "two selections are called 'a'"),
            (["--expect", ".state == done"], "compares with what is no JSON; a string needs quotes"),
            (["--expect", "errors"], "it begins with neither . nor ["), (["--next", "next"], "tells no next page"),
            (["--next-offset", "n=1"], "next-offset needs --join"), (["--join", ".x"], "--join belongs to pages"),
            (["--next-link", "--next", ".n"], "exclude each other"),
            (["--failed", "in"], "the failed rows must go to a file of their own"),
        ])
    func wrongArguments(arguments: [String], message: String) async throws {
        let scratch = try Scratch()
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        let ending = try await ToolProcess(["batch", "in", "-o", "out"] + arguments, in: scratch).wait()
        #expect(ending.code == 2 && ending.errors.contains(message), "\(ending.errors)")
        #expect(!scratch.names.contains { $0.hasPrefix("out") })
    }
}
#endif
