#if CLI
import ConcertoDiagnostics
import DemoServer
import Foundation
import TestSupport
import Testing

@testable import ConcertoCLI

/// `concerto batch --dashboard`.
@Suite("concerto batch: dashboard", .serialized, .timeLimit(.minutes(3)))
struct BatchDashboardTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `an address is a host and a port, or a port of this machine`() {
        #expect(DashboardArgument.read("8080") == .init(address: "127.0.0.1", port: 8080))
        #expect(DashboardArgument.read("0.0.0.0:1") == .init(address: "0.0.0.0", port: 1))
        #expect(DashboardArgument.read("[::1]:0") == .init(address: "::1", port: 0))
        for text in ["", "calls.ndjson", "host", ":80", "host:", "host:65536", "host:-1", "host:+1", "::1:80", "a:b"] {
            #expect(DashboardArgument.read(text) == nil, "\(text)")
        }
    }

    @Test func `a run shows itself while it lasts, without its secrets, and does not wait for who looks`() async throws
    {
        try await DemoServer.run { [scratch] server in
            let secret = "?api_key=S8cret"
            try scratch.write(
                "in",
                [#"{"id":"slow","url":"\#(server.url)/slow/3000\#(secret)"}"#]
                    + (1...50).map { #"{"url":"\#(server.url)/users/\#($0)\#(secret)"}"# })
            let port = WebVisitor.freePort()
            let tool = try ToolProcess(["batch", "in", "-o", "out", "--dashboard", "127.0.0.1:\(port)"], in: scratch)
            await server.received(51)
            let stream = try WebVisitor(port: port)
            stream.ask("/debug/concerto/events", host: "127.0.0.1:\(port)")
            #expect(try await WebVisitor.get(port, "/dashboard", host: "evil.test:\(port)").status == 403)
            let page = try await WebVisitor.get(port, "/dashboard")
            #expect(page.body.contains("<title>concerto batch in</title>"))
            // Read to its end, beside a reader that never reads.
            let silent = try WebVisitor(port: port, room: 4_096)
            silent.ask("/debug/concerto/events", host: "127.0.0.1:\(port)")
            let ending = try await tool.wait()
            #expect(ending.code == 0, "\(ending.errors)")
            #expect(ending.errors.contains("the dashboard is at http://127.0.0.1:\(port)/dashboard"))
            var samples: [DiagnosticsSample] = []
            var hasEnded = false
            while let event = await stream.event() {
                if event.name == "end" {
                    hasEnded = true
                } else {
                    #expect(!event.data.contains("S8cret"))
                    samples.append(try JSONDecoder().decode(DiagnosticsSample.self, from: Data(event.data.utf8)))
                }
            }
            #expect(hasEnded)
            #expect(samples.map(\.sequence) == Array(1...samples.count))
            let rows = try #require(samples.last).rows
            let work = rows.first { $0.kind == .work }
            #expect(work?.numbers["done"] == 51 && work?.numbers["total"] == 51, "\(rows)")
            let host = rows.first { $0.kind == .host }
            #expect(host?.state == "open for calls")
            let calls = rows.first { $0.kind == .latency && $0.name == "call" }?.histogram
            #expect(calls?.counts.reduce(0, +) == 51)
            #expect(calls?.counts.count == 32 && calls?.bounds.last == 100)
        }
    }

    @Test func `other machines are refused without a token, before anything is called`() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"url":"\#(server.url)/users/1"}"#])
            for (place, words) in [
                ("0.0.0.0:0", "CONCERTO_DASHBOARD_TOKEN"), ("192.0.2.1:80", "CONCERTO_DASHBOARD_TOKEN"),
                ("nonsense", "Unexpected argument 'nonsense'"),
            ] {
                let ending = try await ToolProcess.run("batch", "in", "-o", "out", "--dashboard", place, in: scratch)
                #expect(ending.code == 2, "\(place): \(ending.errors)")
                #expect(ending.errors.contains(words), "\(place): \(ending.errors)")
            }
            #expect(server.hits.isEmpty)
            // What is no address is the input.
            let first = try await ToolProcess.run("batch", "--dashboard", "in", "-o", "out", in: scratch)
            #expect(
                first.code == 0 && first.errors.contains("the dashboard is at http://127.0.0.1:"), "\(first.errors)")
            let port = try #require(URL(string: server.url)?.port)
            let taken = try await ToolProcess.run(
                "batch", "in", "-o", "out", "--dashboard", "\(port)", in: scratch)
            #expect(taken.code == 2 && taken.errors.contains("choose another"), "\(taken.errors)")
            let open = try await ToolProcess.run(
                "batch", "in", "-o", "out", "--overwrite", "--dashboard", "0.0.0.0:0", in: scratch,
                environment: ["CONCERTO_DASHBOARD_TOKEN": "0123456789abcdef"])
            #expect(open.code == 0 && !open.errors.contains("0123456789abcdef"), "\(open.errors)")
        }
    }
}
#endif
