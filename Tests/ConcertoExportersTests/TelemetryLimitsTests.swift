#if Exporters && os(Linux)
import AsyncHTTPClient
import ConcertoDiagnostics
import ConcertoResilience
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoExporters

/// What clients may do to a server, whether they have its token or not.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TelemetryLimitsTests {
    private func withServer(
        _ change: (inout TelemetryServer.Options) -> Void = { _ in }, registry: MetricRegistry = quietRegistry(),
        _ body: (TelemetryServer) async throws -> Void
    ) async throws {
        var options = TelemetryServer.Options()
        options.port = 0
        change(&options)
        let server = try await TelemetryServer.start(options, registry: registry)
        do { try await body(server) } catch { Issue.record(error) }
        await server.shutdown()
    }

    private func request(_ path: String, _ port: Int) -> String {
        "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n"
    }

    @Test func `who asks for much and reads nothing is answered no further, and closed`() async throws {
        let pages = Guarded(0)
        let registry = quietRegistry(seriesLimit: 4_000)
        let meter = Meter(scope: "t", registry: registry)
        let text = String(repeating: "x", count: 200)
        meter.observe("large", as: .gauge) { report in
            pages.withLock { $0 += 1 }
            for number in 0..<500 { report(["number": .int(Int64(number)), "text": .string(text)], .int(1)) }
        }
        try await withServer({ $0.patience = .seconds(1) }, registry: registry) { server in
            let silent = try WebVisitor(port: server.port, room: 4_096)
            silent.send(String(repeating: request("/metrics", server.port), count: 800))
            await silent.hangUp()
            // What the kernel takes, which is some megabytes of 80 or more.
            #expect(pages.withLock { $0 } < 400)
            #expect(try await WebVisitor.get(server.port, "/x").status == 404)
        }
    }

    @Test func `many requests that come together are answered one after the other`() async throws {
        try await withServer { server in
            let visitor = try WebVisitor(port: server.port)
            // A long body first: more is read at a time then, and so more requests wait in one piece.
            let body = String(repeating: "x", count: 400_000)
            visitor.send("POST /x HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
            #expect(await visitor.next("\r\n\r\n")?.hasPrefix("HTTP/1.1 403") == true)
            // They wait behind a look, and each one's end brings the next one. Without a host, they are short, and refused.
            visitor.send(
                request("/debug/concerto/tasks", server.port)
                    + String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 8_000))
            visitor.ask("/y", host: "127.0.0.1:\(server.port)", closes: true)
            let text = await visitor.rest()
            #expect(text.contains("HTTP/1.1 200 OK"))
            #expect(text.matches(of: /HTTP\/1\.1 403 Forbidden/).count == 8_000)
            #expect(text.hasSuffix("no such page\n"))
            #expect(text.matches(of: /[Cc]onnection: close/).count == 1)
        }
    }

    @Test func `who does not come to the end of a request is closed, and a stream is not`() async throws {
        try await withServer {
            $0.requestTime = .milliseconds(1_500)
            $0.maxConnections = 2
        } _: { server in
            let reader = try WebVisitor(port: server.port)
            reader.ask("/debug/concerto/events", host: "127.0.0.1:\(server.port)")
            let slow = try WebVisitor(port: server.port)
            slow.send("GET /x HTTP/1.1\r\nX: ")
            let isGone = Guarded(false)
            async let gone: Void = {
                _ = await slow.rest()
                isGone.withLock { $0 = true }
            }()
            // A byte for each sample, of which there is one a second.
            var samples = 0
            while !isGone.withLock({ $0 }) || samples < 4 {
                try #require(await reader.event() != nil)
                samples += 1
                slow.send("G")
            }
            await gone
            #expect(try await WebVisitor.get(server.port, "/x").status == 404, "there is room again")
        }
    }

    @Test func `a server can be shut down twice, and both wait`() async throws {
        var options = TelemetryServer.Options()
        options.port = 0
        let server = try await TelemetryServer.start(options, registry: quietRegistry())
        async let one: Void = server.shutdown()
        async let two: Void = server.shutdown()
        _ = await (one, two)
        await server.shutdown()
        #expect(throws: (any Error).self) { _ = try WebVisitor(port: server.port) }
    }

    @Test func `one looks at the tasks at a time, and is answered also when the server ends`() async throws {
        var options = TelemetryServer.Options()
        options.port = 0
        let server = try await TelemetryServer.start(options, registry: quietRegistry())
        let visitors = try ["findings", "tasks", "findings", "tasks"].map { path in
            let visitor = try WebVisitor(port: server.port)
            visitor.ask("/debug/concerto/\(path)", host: "127.0.0.1:\(server.port)", closes: true)
            return visitor
        }
        let statuses = await withTaskGroup(of: String.self) { group in
            for visitor in visitors { group.addTask { String(await visitor.rest().prefix(12)) } }
            // Three are answered at once; the last one looks, for a second, unless that was a dump.
            var statuses: [String] = []
            for _ in 0..<3 { statuses.append(await group.next()!) }
            await server.shutdown()
            for await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses.filter { $0 == "HTTP/1.1 200" }.count == 1, "\(statuses)")
        #expect(statuses.filter { $0 == "HTTP/1.1 503" }.count == 3, "\(statuses)")
    }

    @Test func `pages of this machine's other ports may not ask`() async throws {
        try await withServer { server in
            for (site, status) in [
                ("same-site", 403), ("cross-site", 403), ("anything", 403), ("same-origin", 200), ("none", 200),
            ] {
                let answer = try await WebVisitor.get(server.port, "/metrics", ["Sec-Fetch-Site": site])
                #expect(answer.status == status, "\(site)")
                #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
            }
            let page = try await WebVisitor.get(server.port, "/dashboard", ["Sec-Fetch-Site": "same-site"])
            #expect(page.status == 200, "a link may lead here")
        }
    }

    @Test func `an address is this machine's own if it is one, whatever its name looks like`() async throws {
        for address in ["127.0.0.1", "127.0.0.2", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1", "localhost"] {
            #expect(AccessRule.isLoopback(address), "\(address)")
        }
        for address in [
            "127.evil.example.com", "127.0.0.256", "127.1", "128.0.0.1", "0.0.0.0", "::", "::2", "1::1", "",
        ] {
            #expect(!AccessRule.isLoopback(address), "\(address)")
            var options = TelemetryServer.Options()
            options.address = address
            #expect(throws: InvalidOptionsError.self) { try options.validate() }
        }
    }

    @Test func `a server is asked by the address it was told, and without the usual port`() async throws {
        try await withServer {
            $0.address = "127.0.0.2"
        } _: { server in
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let request = HTTPClientRequest(url: "http://127.0.0.2:\(server.port)/dashboard")
            let status = try? await client.execute(request, timeout: .seconds(30)).status
            try await client.shutdown()
            #expect(status == .ok)
        }
        let usual = AccessRule(port: 80, token: nil, addresses: ["127.0.0.2", "::1"])
        for host in ["127.0.0.2", "127.0.0.2:80", "LocalHost", "[::1]", "[::1]:80", "127.0.0.1"] {
            #expect(usual.refusal(host: host, authorization: nil) == nil, "\(host)")
        }
        for host in ["127.0.0.2:81", "127.0.0.3", "evil.test", "", "::1"] {
            #expect(usual.refusal(host: host, authorization: nil) == 403, "\(host)")
        }
        #expect(AccessRule(port: 81, token: nil).refusal(host: "localhost", authorization: nil) == 403)
    }

    @Test func `patience may be longer than clocks go`() async throws {
        try await withServer {
            $0.patience = .seconds(Int64.max)
            $0.requestTime = .seconds(Int64.max)
        } _: { server in
            let visitor = try WebVisitor(port: server.port)
            visitor.ask("/debug/concerto/events", host: "127.0.0.1:\(server.port)")
            // Who does not read is looked at with each sample.
            for _ in 0..<2 { #expect(await visitor.event() != nil) }
        }
    }
}
#endif
