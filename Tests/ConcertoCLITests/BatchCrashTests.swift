#if CLI
import DemoServer
import Foundation
import Testing

@Suite("concerto batch: killed and resumed", .timeLimit(.minutes(5)))
struct BatchCrashTests {
    private static let rows = 2_000

    /// Kills the run with SIGKILL at 20 random moments. After each, the rows that the store calls finished are noted
    /// with the number of calls that the server has seen of them; none of them may rise.
    @Test("Killed 20 times, every row is in the output exactly once and no finished row was called twice")
    func killedTwentyTimes() async throws {
        var random = SeededGenerator(seed: UInt64.random(in: 0...(.max)))
        print("seed \(random.seed)")
        let scratch = try Scratch()
        let moments = (0..<20).map { _ in Int.random(in: 1...95, using: &random) }
        try await DemoServer.run { server in
            try scratch.write(
                "in",
                (1...Self.rows).map { number in
                    number % 5 == 0
                        ? #"{"id":"r\#(number)","method":"PUT","url":"\#(server.url)/status/200/\#(number)","body":{}}"#
                        : #"{"id":"r\#(number)","url":"\#(server.url)/users/\#(number)"}"#
                })
            var finished: [String: Int] = [:]
            for moment in moments {
                let calls = server.hits.values.reduce(0, +)
                var arguments = ["batch", "in", "-o", "out", "-c", "8"]
                if scratch.exists("out.store") { arguments.append("--resume") }
                let tool = try ToolProcess(arguments, in: scratch)
                // A moment is a number of calls after the start, or whatever time the tool needs to end by itself.
                await withTaskGroup { group in
                    group.addTask { await server.received(calls + moment) }
                    group.addTask { await tool.hasEnded() }
                    await group.next()
                    group.cancelAll()
                }
                tool.signal(SIGKILL)
                _ = try await tool.wait()
                for id in try StoreReader.finished(scratch.path("out.store")) where finished[id] == nil {
                    finished[id] = server.hits[Self.call(id)]
                }
                for (id, count) in finished {
                    #expect(server.hits[Self.call(id)] == count, "\(id) was called again after it had finished")
                }
            }
            let last = try await ToolProcess.run("batch", "in", "-o", "out", "-c", "8", "--resume", in: scratch)
            #expect(last.code == 0, "\(last.errors)")
            for (id, count) in finished { #expect(server.hits[Self.call(id)] == count) }
        }
        let ids = try scratch.results("out").compactMap { $0["id"] as? String }
        #expect(ids.count == Self.rows)
        #expect(Set(ids) == Set((1...Self.rows).map { "r\($0)" }))
    }

    private static func call(_ id: String) -> String {
        let number = Int(id.dropFirst())!
        return number % 5 == 0 ? "PUT /status/200/\(number)" : "GET /users/\(number)"
    }

    @Test("A torn last line is cut off and its row called again")
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
            #expect(resumed.code == 0)
            #expect(server.hits["GET /status/404"] == 1, "failed rows are finished")
            let again = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", "--retry-failed", in: scratch)
            #expect(again.code == 1)
            #expect(server.hits == ["GET /users/1": 1, "GET /status/404": 2])
        }
        #expect(try scratch.results("out").compactMap { $0["id"] as? Int }.sorted() == [1, 2, 3])
    }
}
#endif
