#if CLI
import DemoServer
import Foundation
import Testing

@Suite("concerto batch: signals", .timeLimit(.minutes(5)))
struct BatchSignalTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("The first interrupt lets calls under way finish, exits 130 and names the command that resumes")
    func firstInterrupt() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in",
                [#"{"id":"slow","url":"\#(server.url)/slow/300"}"#]
                    + (1...5000).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            let tool = try ToolProcess(["batch", "in", "-o", "out", "-c", "4", "--rate", "500/s"], in: scratch)
            await server.received(20)
            tool.signal(SIGINT)
            let ending = try await tool.wait()
            #expect(ending.code == 130, "\(ending.errors)")
            #expect(ending.errors.contains("batch in -o out -c 4 --rate 500/s --resume"), "\(ending.errors)")
            #expect(try scratch.read("out").contains(#""id":"slow","status":200"#), "the slow call was let finish")
            let resumed = try await ToolProcess.run("batch", "in", "-o", "out", "-c", "4", "--resume", in: scratch)
            #expect(resumed.code == 0, "\(resumed.errors)")
            #expect(try scratch.results("out").count == 5001)
            #expect(server.hits.values.allSatisfy { $0 == 1 }, "no row was called twice")
        }
    }

    @Test("SIGTERM does the same")
    func terminate() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...5000).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            let tool = try ToolProcess(["batch", "in", "-o", "out", "--rate", "200/s"], in: scratch)
            await server.received(5)
            tool.signal(SIGTERM)
            #expect(try await tool.wait().code == 130)
        }
    }

    @Test("The second interrupt stops at once")
    func secondInterrupt() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"url":"\#(server.url)/slow/100000"}"#])
            let tool = try ToolProcess(["batch", "in", "-o", "out"], in: scratch)
            await server.received(1)
            tool.signal(SIGINT)
            tool.signal(SIGTERM)
            #expect(try await tool.wait().code == 130)
        }
    }

    @Test("--grace bounds how long calls under way may take; a POST among them ends as unknown_outcome")
    func grace() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in",
                [
                    #"{"id":"get","url":"\#(server.url)/slow/100000"}"#,
                    #"{"id":"post","method":"POST","url":"\#(server.url)/slow/100000/order","body":{}}"#,
                ])
            let tool = try ToolProcess(["batch", "in", "-o", "out", "--grace", "10ms"], in: scratch)
            await server.received(2)
            tool.signal(SIGINT)
            #expect(try await tool.wait().code == 130)
            #expect(try scratch.read("out").isEmpty)
            let resumed = try await ToolProcess.run(
                "batch", "in", "-o", "out", "--resume", "--timeout", "50ms", "--max-retries", "0", in: scratch)
            #expect(resumed.code == 1)
            let kinds = try scratch.results("out").map {
                [$0["id"] as? String, ($0["error"] as? [String: any Sendable])?["kind"] as? String]
            }
            #expect(Set(kinds) == [["get", "timeout"], ["post", "unknown_outcome"]])
            #expect(server.hits["POST /slow/100000/order"] == 1, "the POST was not repeated")
        }
    }
}
#endif
