#if Exporters
import AsyncHTTPClient
import ConcertoResilience
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import ConcertoExporters

/// The cases N1–N8 and D19–D20 over HTTP.
@Suite struct TelemetryServerTests {
    private func withServer(
        _ change: (inout TelemetryServer.Options) -> Void = { _ in }, registry: MetricRegistry = quietRegistry(),
        _ body: (TelemetryServer, HTTPClient) async throws -> Void
    ) async throws {
        var options = TelemetryServer.Options()
        options.port = 0
        change(&options)
        let server = try await TelemetryServer.start(options, registry: registry)
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        do { try await body(server, client) } catch {
            Issue.record(error)
        }
        try await client.shutdown()
        await server.shutdown()
    }

    private func get(
        _ client: HTTPClient, _ server: TelemetryServer, _ path: String = "/metrics",
        method: String = "GET", headers: [(String, String)] = []
    ) async throws -> (HTTPClientResponse, String) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)\(path)")
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        let answer = try await client.execute(request, timeout: .seconds(30))
        return (answer, String(buffer: try await answer.body.collect(upTo: 64 << 20)))
    }

    @Test func `N1, N2, N6: a page for each who asks, a head without a body, nothing else`() async throws {
        let registry = quietRegistry()
        Meter(scope: "t", registry: registry).counter("c").add(4)
        try await withServer(registry: registry) { server, client in
            let (plain, text) = try await get(client, server)
            #expect(plain.status == .ok)
            #expect(plain.headers.first(name: "content-type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(text.hasSuffix("c_total 4\n"))
            let (_, open) = try await get(
                client, server, headers: [("accept", "application/openmetrics-text; version=1.0.0")])
            #expect(open.hasSuffix("# EOF\n"))
            let (head, nothing) = try await get(client, server, method: "HEAD")
            #expect(head.headers.first(name: "content-length") == "\(text.utf8.count)")
            #expect(nothing == "")
            #expect(try await get(client, server, method: "POST").0.status == .methodNotAllowed)
            #expect(try await get(client, server, "/x").0.status == .notFound)
        }
    }

    @Test func `N5: long pages are compressed for those who take it`() async throws {
        let registry = quietRegistry()
        for number in 0..<100 { Meter(scope: "t", registry: registry).counter("counter.\(number)").add(number) }
        try await withServer(registry: registry) { server, client in
            let (small, _) = try await get(client, server, headers: [("accept-encoding", "gzip")])
            #expect(small.headers.first(name: "content-encoding") == "gzip")
            let (plain, _) = try await get(client, server, headers: [("accept-encoding", "gzip;q=0")])
            #expect(plain.headers.first(name: "content-encoding") == nil)
        }
    }

    @Test func `D19: a request that means another host is refused`() async throws {
        try await withServer { server, client in
            let port = server.port
            for host in ["evil.test", "evil.test:\(port)", "127.0.0.1:1", "localhost.evil.test:\(port)"] {
                let answer = try await get(client, server, headers: [("host", host)]).0
                #expect(answer.status == .forbidden, "\(host)")
            }
            for host in ["localhost:\(port)", "[::1]:\(port)"] {
                let answer = try await get(client, server, headers: [("host", host)]).0
                #expect(answer.status == .ok)
            }
        }
    }

    @Test func `D20: other machines are served only with a token`() async throws {
        var options = TelemetryServer.Options()
        options.address = "0.0.0.0"
        let error = await #expect(throws: InvalidOptionsError.self) { _ = try await TelemetryServer.start(options) }
        #expect("\(String(describing: error))".contains("token"))
        options.token = "short"
        #expect(throws: InvalidOptionsError.self) { try options.validate() }
        try await withServer {
            $0.token = "0123456789abcdef"
        } _: { server, client in
            let none = try await get(client, server).0
            #expect(none.status == .unauthorized)
            for (shown, status) in [
                ("Bearer 0123456789abcdeg", HTTPResponseStatus.unauthorized), ("Bearer ", .unauthorized),
                ("Basic 0123456789abcdef", .unauthorized), ("bearer 0123456789abcdef", .ok),
            ] {
                let answer = try await get(client, server, headers: [("authorization", shown)]).0
                #expect(answer.status == status, "\(shown)")
            }
        }
    }

    @Test func `the tasks of the process are a page`() async throws {
        try await withServer { server, client in
            let (answer, text) = try await get(client, server, "/debug/concerto/tasks")
            #expect(answer.status == .ok)
            #expect(text.contains("tasks"))
            #expect(answer.headers.first(name: "cache-control") == "no-store")
        }
    }
}
#endif
