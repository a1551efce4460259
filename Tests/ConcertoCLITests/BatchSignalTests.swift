#if CLI
import Concerto
import DemoServer
import Foundation
import Testing

@testable import ConcertoCLI

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

    // T29: a closed terminal ended the run at once, and POSTs under way had an unknown outcome.
    @Test("SIGTERM and SIGHUP do the same", arguments: [SIGTERM, SIGHUP])
    func terminate(signal: Int32) async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...5000).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            let tool = try ToolProcess(["batch", "in", "-o", "out", "--rate", "200/s"], in: scratch)
            await server.received(5)
            tool.signal(signal)
            #expect(try await tool.wait().code == 130)
        }
    }

    // T29: `nohup` means that the terminal does not matter.
    @Test("A SIGHUP that is ignored from the start stays ignored")
    func ignoredHangUp() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...20).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            let ending = try await ToolProcess.shell(
                #"trap '' HUP; "$0" batch in -o out --rate 40/s & sleep 0.2; kill -HUP $!; wait $!"#, in: scratch)
            #expect(ending.code == 0, "\(ending.errors)")
            #expect(try scratch.results("out").count == 20)
        }
    }

    // T14: `timeout` signals the process and its group; the second copy cut the calls under way.
    @Test("B55: a second signal within half a second is the first once more")
    func echoedSignal() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"method":"POST","url":"\#(server.url)/slow/800","body":{}}"#])
            let tool = try ToolProcess(["batch", "in", "-o", "out"], in: scratch)
            await server.received(1)
            tool.signal(SIGTERM)
            tool.signal(SIGTERM)
            tool.signal(SIGINT)
            let ending = try await tool.wait()
            #expect(ending.code == 130, "\(ending.errors)")
            #expect(try scratch.read("out").contains(#""status":200"#), "the POST under way was let finish")
        }
    }

    @Test("The first signal stops, its echo does nothing, a later one ends the process")
    func interrupts() {
        let interrupts = Interrupts()
        let start = TimerInstant(nanoseconds: 1_000_000_000)
        #expect(interrupts.next(at: start) == .stop)
        #expect(interrupts.next(at: start) == .nothing)
        #expect(interrupts.next(at: start.advanced(by: .milliseconds(499))) == .nothing)
        #expect(interrupts.next(at: start.advanced(by: .milliseconds(500))) == .exit)
    }

    @Test("B55: a later interrupt stops at once")
    func secondInterrupt() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"url":"\#(server.url)/slow/100000"}"#])
            let tool = try ToolProcess(["batch", "in", "-o", "out"], in: scratch)
            await server.received(1)
            tool.signal(SIGINT)
            // Those of the first half second are echoes of it.
            await withTaskGroup { group in
                group.addTask { await tool.hasEnded() }
                group.addTask {
                    while (try? await Task.sleep(for: .milliseconds(100))) != nil { tool.signal(SIGTERM) }
                }
                await group.next()
                group.cancelAll()
            }
            #expect(try await tool.wait().code == 130)
        }
    }

    // T30: a pipe without a writer kept the interrupt from being heard.
    @Test("B55, B56: an interrupt ends a run that waits for somebody to write to its pipe")
    func silentPipe() async throws {
        #expect(mkfifo(scratch.path("pipe"), 0o600) == 0)
        let tool = try ToolProcess(["batch", "pipe", "-o", "out"], in: scratch)
        while !scratch.exists("out.store") { await Task.yield() }
        tool.signal(SIGINT)
        let ending = try await tool.wait()
        #expect(ending.code == 130, "\(ending.errors)")
        // T5: the hint recommended what called every row again.
        #expect(!ending.errors.contains("--resume"), "\(ending.errors)")
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
