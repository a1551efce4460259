#if CLI
import AsyncHTTPClient
import ConcertoHTTP
import DemoServer
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@Suite(.oneAtATime)
struct AsyncHTTPClientTransportTests {
    private func withTransport(
        _ configuration: DemoServerConfiguration = .calm, maximumBody: Int = 1 << 20,
        _ body: @escaping @Sendable (AsyncHTTPClientTransport, DemoServer) async throws -> Void
    ) async throws {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        do {
            try await DemoServer.run(configuration) { server in
                try await body(AsyncHTTPClientTransport(client: client, maximumBody: maximumBody), server)
            }
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    private func call(_ server: DemoServer, _ path: String) -> HTTPCall {
        HTTPCall(url: server.url + path, host: "127.0.0.1:\(server.port)")
    }

    @Test func methodHeadersAndBodyGoOut() async throws {
        try await withTransport { transport, server in
            var call = call(server, "/echo?x=1")
            call.method = "PUT"
            call.headers = [("X-One", "1"), ("X-One", "2")]
            call.body = Array("hello".utf8)
            let reply = try await transport.send(call)
            let text = String(buffer: reply.body)
            #expect(reply.status == 200)
            for part in ["\"method\":\"PUT\"", "\"body\":\"hello\"", "x=1", "1, 2"] { #expect(text.contains(part)) }
        }
    }

    /// Two lines are enough: see the first page of the documentation.
    @Test func theDefaultsMakeACallAndSayWhatAURLLacks() async throws {
        try await withTransport { _, server in
            let client = try ResilientHTTPClient(transport: AsyncHTTPClientTransport())
            let reply = try await client.execute(HTTPCall(url: "\(server.url)/users/42"))
            #expect(reply.status == 200)
            let failure = await #expect(throws: HTTPFailure.self) {
                try await client.execute(HTTPCall(url: "users/42"))
            }
            #expect(failure?.kind == .invalid, "\(failure as Any)")
        }
    }

    @Test func aBodyLongerThanAskedForIsCutAndFlagged() async throws {
        try await withTransport(maximumBody: 1_000) { transport, server in
            let cut = try await transport.send(call(server, "/large/5000000"))
            #expect(cut.isTruncated && cut.body.readableBytes == 1_000)
            let whole = try await transport.send(call(server, "/large/1000"))
            #expect(!whole.isTruncated && whole.body.readableBytes == 1_000)
        }
    }

    @Test func aConnectionClosedHalfWayIsAClosedOneThatMayHaveBeenSent() async throws {
        var configuration = DemoServerConfiguration()
        configuration.closed = 1
        try await withTransport(configuration) { transport, server in
            let failure = await #expect(throws: HTTPFailure.self) { try await transport.send(call(server, "/users/1")) }
            #expect(failure?.kind == .closed && failure?.mayHaveBeenSent == true)
        }
    }

    @Test func nobodyListeningIsAConnectFailureThatWasNotSent() async throws {
        try await withTransport { transport, _ in
            let failure = await #expect(throws: HTTPFailure.self) {
                try await transport.send(HTTPCall(url: "http://127.0.0.1:1/", host: "127.0.0.1:1"))
            }
            #expect(failure?.kind == .connect && failure?.mayHaveBeenSent == false)
        }
    }

    @Test func cancellationEndsAnAttempt() async throws {
        try await withTransport { transport, server in
            let task = Task { try await transport.send(call(server, "/slow/600000")) }
            await until { server.hits["GET /slow/600000"] == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }
}
#endif
