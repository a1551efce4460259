#if HTTP
import ConcertoHTTP
import NIOCore
import TestSupport
import Testing

@testable import ConcertoHTTP

@Suite(.oneAtATime)
struct ConnectionWatchTests {
    private func withTransport(
        _ change: (inout HTTPTransportOptions) -> Void = { _ in },
        _ body: (AsyncHTTPClientTransport) async throws -> Void
    ) async throws {
        var options = HTTPTransportOptions()
        change(&options)
        let transport = try AsyncHTTPClientTransport(options: options)
        do { try await body(transport) } catch {
            try await transport.shutdown()
            throw error
        }
        try await transport.shutdown()
    }

    @Test func `T4 idle connections are bounded over all hosts, the oldest go first`() async throws {
        try await RawServer.run(count: 8, { _, _ in .ok("") }) { servers in
            try await withTransport({ $0.maximumIdle = 3 }) { transport in
                for server in servers {
                    _ = try await transport.send(HTTPCall(url: server.url))
                    #expect(transport.idleConnections <= 3)
                }
                await until { servers.map(\.open).reduce(0, +) == 3 }
                #expect(servers.map(\.open) == [0, 0, 0, 0, 0, 1, 1, 1])
            }
        }
    }

    @Test func `a connection is used again`() async throws {
        try await RawServer.run({ _, _ in .ok("") }) { server in
            try await withTransport { transport in
                for _ in 1...20 { _ = try await transport.send(HTTPCall(method: "POST", url: server.url)) }
                #expect(server.connections == 1)
            }
        }
    }

    @Test func `T18 a connection is closed before its server, which tells when, would close it`() async throws {
        try await RawServer.run({ _, _ in .ok("", "Keep-Alive: timeout=1, max=100\r\n") }) { server in
            try await withTransport { transport in
                _ = try await transport.send(HTTPCall(url: server.url))
                let start = ContinuousClock.now
                await until { server.open == 0 }
                #expect(ContinuousClock.now - start < .seconds(30) && transport.idleConnections == 0)
            }
        }
    }

    @Test func `T18 a connection that its server will not keep is not used again`() async throws {
        try await RawServer.run({ _, _ in .ok("", "Keep-Alive: timeout=0\r\n") }) { server in
            try await withTransport { transport in
                for _ in 1...5 { _ = try await transport.send(HTTPCall(method: "POST", url: server.url)) }
                #expect(server.connections == 5)
            }
        }
    }

    // The request meets the closing of its connection, or comes after it: what was certainly not sent is sent again on
    // another connection, and nothing is sent twice.
    @Test func `T18 H16 a request is never sent twice where a server closes after its answers`() async throws {
        try await RawServer.run({ request, _ in RawServer.Answer.ok(request.target).closing() }) { server in
            try await withTransport { transport in
                var failed = 0
                for number in 1...100 {
                    do {
                        let reply = try await transport.send(HTTPCall(method: "POST", url: "\(server.url)/\(number)"))
                        #expect(String(buffer: reply.body) == "/\(number)")
                    } catch let failure as HTTPFailure {
                        failed += 1
                        #expect(failure.kind == .closed && failure.mayHaveBeenSent)
                    }
                }
                #expect(Set(server.requests.map(\.target)).count == server.requests.count)
                #expect(server.requests.count >= 100 - failed)
            }
        }
    }

    @Test(
        arguments: [
            (nil, nil, 4_000), (5_000, nil, 4_000), (1_000, nil, 500), (60_000, nil, 59_000), (0, nil, 0),
            (nil, 1_000, 750), (5_000, 1_000, 750),
            (1_000, 5_000, 500), (nil, 0, 0),
        ] as [(Int64?, Int64?, Int64)])
    func `T18 how long a connection may idle`(told: Int64?, seen: Int64?, limit: Int64) {
        let keepAlive = KeepAlive(unknown: .seconds(4))
        #expect(
            keepAlive.limit(told: told.map { .milliseconds($0) }, seen: seen.map { .milliseconds($0) })
                == .milliseconds(limit))
    }

    @Test(
        arguments: [
            ("timeout=5", 5), ("timeout=5, max=100", 5), ("max=3,timeout = 7", 7), ("Timeout=\"8\"", 8),
            ("timeout=0", 0),
            ("timeout=99999999999", 86_400), ("timeout=-1", nil), ("timeout=", nil), ("timeout", nil), ("max=3", nil),
            ("", nil), ("timeout=1.5", nil),
            ("timeout=99999999999999999999999", nil),
        ] as [(String, Int64?)])
    func `T18 what a server tells`(header: String, seconds: Int64?) {
        #expect(KeepAlive.timeout(header) == seconds.map { .seconds($0) })
    }

    @Test func `T18 a server that was seen to hang up is believed for a minute`() throws {
        let watch = ConnectionWatch(maximumIdle: 1, keepAlive: KeepAlive(unknown: .seconds(4)))
        let server = try SocketAddress(ipAddress: "127.0.0.1", port: 80)
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        #expect(watch.seen(server, at: start) == nil)
        watch.hungUp(server, after: .seconds(2), reuses: 0, at: start)
        watch.hungUp(server, after: .seconds(1), reuses: 0, at: start + .seconds(1))
        watch.hungUp(server, after: .seconds(3), reuses: 0, at: start + .seconds(2))
        #expect(watch.seen(server, at: start + .seconds(59)) == .seconds(1))
        #expect(watch.seen(server, at: start + .seconds(60)) == nil)
    }

    @Test func `H16 a server that hangs up after its answers is not relied on, one that does so now and then is`()
        throws
    {
        let watch = ConnectionWatch(maximumIdle: 1, keepAlive: KeepAlive(unknown: .seconds(4)))
        let (often, seldom) = (
            try SocketAddress(ipAddress: "127.0.0.1", port: 80), try SocketAddress(ipAddress: "127.0.0.1", port: 81)
        )
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        for _ in 1...2 { watch.hungUp(often, after: .milliseconds(20), reuses: 1, at: now) }
        #expect(watch.seen(often, at: now) == nil)
        watch.hungUp(often, after: .milliseconds(20), reuses: 1, at: now)
        #expect(watch.seen(often, at: now) == .zero)
        for _ in 1...10 { watch.hungUp(seldom, after: .milliseconds(20), reuses: 999, at: now) }
        #expect(watch.seen(seldom, at: now) == nil)
    }
}

extension RawServer.Answer {
    func closing() -> RawServer.Answer { RawServer.Answer(bytes, closes: true) }
}
#endif
