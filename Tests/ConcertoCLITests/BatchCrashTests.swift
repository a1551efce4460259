#if CLI
import DemoServer
import Foundation
import TestSupport
import Testing

@Suite("concerto batch: killed and resumed", .timeLimit(.minutes(5)))
struct BatchCrashTests {
    /// How often the run is killed; `CONCERTO_KILLS=200` for the long proof.
    private static let kills = ProcessInfo.processInfo.environment["CONCERTO_KILLS"].flatMap(Int.init) ?? 20
    private static let rows = kills * 100

    /// Kills the run with SIGKILL at random moments, with another concurrency each time. After each, the rows that the
    /// store calls finished are noted with the number of calls that the server has seen of them; none of them may rise. No
    /// POST may be seen twice, whatever became of its run.
    @Test(
        "Killed at random, every row is in the output exactly once, and no finished row and no POST was called twice",
        .timeLimit(.minutes(30)))
    func killedAtRandom() async throws {
        var random = seededRandom()
        let scratch = try Scratch()
        let moments = (0..<Self.kills).map { _ in
            (calls: Int.random(in: 1...95, using: &random), concurrency: Int.random(in: 1...64, using: &random))
        }
        let atRisk = try await DemoServer.run { server in
            try scratch.write("in", (1...Self.rows).map { Self.row($0, server.url) })
            var finished: [String: Int] = [:]
            var atRisk = 0
            func check() {
                let hits = server.hits
                for (id, count) in finished where hits[Self.call(id)] ?? 0 != count {
                    Issue.record("\(id) was called again after it had finished")
                }
                for (call, count) in hits where call.hasPrefix("POST") && count > 1 {
                    Issue.record("\(call) was executed \(count) times")
                }
            }
            for moment in moments {
                let calls = server.hits.values.reduce(0, +)
                var arguments = ["batch", "in", "-o", "out", "-c", "\(moment.concurrency)"]
                if scratch.exists("out.store") { arguments.append("--resume") }
                let tool = try ToolProcess(arguments, in: scratch)
                // A moment is a number of calls after the start, or whatever time the tool needs to end by itself.
                await tool.hasEnded(orReceived: calls + moment.calls, by: server)
                tool.signal(SIGKILL)
                _ = try await tool.wait()
                atRisk += moment.concurrency
                for id in try StoreReader.finished(scratch.path("out.store")) where finished[id] == nil {
                    finished[id] = server.hits[Self.call(id)] ?? 0
                }
                check()
            }
            let last = try await ToolProcess.run("batch", "in", "-o", "out", "-c", "8", "--resume", in: scratch)
            #expect(last.code == 0 || last.code == 1, "\(last.errors)")
            check()
            return atRisk
        }
        let results = try scratch.results("out")
        #expect(results.count == Self.rows)
        #expect(Set(results.compactMap { $0["id"] as? String }) == Set((1...Self.rows).map { "r\($0)" }))
        // What is not known of a POST is said, and of no more of them than can have been under way.
        let unknown = results.filter {
            ($0["error"] as? [String: any Sendable])?["kind"] as? String == "unknown_outcome"
        }
        #expect(unknown.count <= atRisk)
        #expect(results.filter { ($0["error"] as? [String: any Sendable]) != nil }.count == unknown.count)
    }

    private static func row(_ number: Int, _ server: String) -> String {
        switch number % 5 {
        case 0: #"{"id":"r\#(number)","method":"PUT","url":"\#(server)/status/200/\#(number)","body":{}}"#
        case 1, 2: #"{"id":"r\#(number)","method":"POST","url":"\#(server)/status/201/\#(number)","body":{}}"#
        default: #"{"id":"r\#(number)","url":"\#(server)/users/\#(number)"}"#
        }
    }

    private static func call(_ id: String) -> String {
        let number = Int(id.dropFirst()) ?? 0
        return switch number % 5 {
        case 0: "PUT /status/200/\(number)"
        case 1, 2: "POST /status/201/\(number)"
        default: "GET /users/\(number)"
        }
    }

    // T5: everything was called again, 123 POSTs of 300 twice.
    @Test("A resume from a pipe is refused, and calls nothing")
    func resumeFromAPipe() async throws {
        let scratch = try Scratch()
        try await DemoServer.run { server in
            try scratch.write(
                "in", (1...30).map { #"{"method":"POST","url":"\#(server.url)/status/201/\#($0)","body":{}}"# })
            let first = try await ToolProcess.shell(#"cat in | "$0" batch /dev/stdin -o out"#, in: scratch)
            #expect(first.code == 0, "\(first.errors)")
            for line in [
                #"cat in | "$0" batch /dev/stdin -o out --resume"#, #"cat in | "$0" batch - -o out --resume"#,
                #"mkfifo pipe; cat in > pipe & "$0" batch pipe -o out --resume; code=$?; kill $!; exit $code"#,
            ] {
                let again = try await ToolProcess.shell(line, in: scratch)
                #expect(again.code == 2, "\(line): \(again.errors)")
            }
            #expect(server.hits.count == 30 && server.hits.values.allSatisfy { $0 == 1 })
        }
        #expect(try scratch.results("out").count == 30)
    }

    // T16: cut by one byte, by three, by half: exit code 4, "start anew".
    @Test("An output that lost its end is mended, and its rows are called again", arguments: [1, 3, 1_000])
    func shorterOutput(lost: Int) async throws {
        let scratch = try Scratch()
        try await DemoServer.run { server in
            try scratch.write("in", (1...30).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            #expect(try await ToolProcess.run("batch", "in", "-o", "out", in: scratch).code == 0)
            let text = try scratch.read("out")
            try String(text.dropLast(lost)).write(toFile: scratch.path("out"), atomically: false, encoding: .utf8)
            let resumed = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
            #expect(resumed.code == 0, "\(resumed.errors)")
        }
        #expect(try scratch.results("out").compactMap { $0["id"] as? Int }.sorted() == Array(1...30))
    }

    @Test("B53: a torn last line is cut off and its row called again")
    func tornLine() async throws {
        let scratch = try Scratch()
        try await DemoServer.run { server in
            try scratch.write("in", (1...3).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            #expect(try await ToolProcess.run("batch", "in", "-o", "out", in: scratch).code == 0)
            // As a crash between write and commit leaves it: two whole lines that the store does not know, one torn.
            let lines = try scratch.read("out").split(separator: "\n")
            let ids = try scratch.results("out").compactMap { $0["id"] as? Int }
            try StoreReader.execute(
                scratch.path("out.store"), "UPDATE row SET state = 0; UPDATE run SET value = 0 WHERE key = 'output'")
            try (lines[0...1].joined(separator: "\n") + "\n" + lines[2].dropLast(20)).write(
                toFile: scratch.path("out"), atomically: false, encoding: .utf8)
            #expect(try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch).code == 0)
            #expect(try scratch.results("out").compactMap { $0["id"] as? Int }.sorted() == [1, 2, 3])
            #expect(server.hits["GET /users/\(ids[2])"] == 2)
            #expect(server.hits["GET /users/\(ids[0])"] == 1, "a whole line is a result")
        }
    }

    @Test("Rows appended since are called; finished ones are not")
    func appendedRows() async throws {
        let scratch = try Scratch()
        try await DemoServer.run { server in
            let lines = (1...20).map { #"{"url":"\#(server.url)/users/\#($0)"}"# }
            try scratch.write("in", Array(lines[..<10]))
            #expect(try await ToolProcess.run("batch", "in", "-o", "out", in: scratch).code == 0)
            try scratch.write("in", lines)
            #expect(try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch).code == 0)
            #expect(server.hits.count == 20 && server.hits.values.allSatisfy { $0 == 1 })
        }
        #expect(Set(try scratch.results("out").compactMap { $0["id"] as? Int }) == Set(1...20))
    }

    @Test("--retry-failed calls failed rows again and leaves one line a row")
    func retryFailed() async throws {
        let scratch = try Scratch()
        try await DemoServer.run { server in
            try scratch.write(
                "in", ["{\"url\":\"\(server.url)/users/1\"}", "{\"url\":\"\(server.url)/status/404\"}", "broken"])
            #expect(try await ToolProcess.run("batch", "in", "-o", "out", in: scratch).code == 1)
            let resumed = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
            // T6: it was 0, as if every row had succeeded.
            #expect(resumed.code == 1)
            #expect(resumed.errors.contains("3 had finished before, 2 of them with a failure"), "\(resumed.errors)")
            #expect(server.hits["GET /status/404"] == 1, "failed rows are finished")
            let again = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", "--retry-failed", in: scratch)
            #expect(again.code == 1)
            #expect(server.hits == ["GET /users/1": 1, "GET /status/404": 2])
        }
        #expect(try scratch.results("out").compactMap { $0["id"] as? Int }.sorted() == [1, 2, 3])
    }
}
#endif
