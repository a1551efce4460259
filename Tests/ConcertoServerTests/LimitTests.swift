#if Server
import Concerto
import ConcertoServer
import Hummingbird
import NIOCore
import TestSupport
import Testing

/// Limits of time are the event loops' own; these tests make them short and wait for what comes of them.
@Suite struct LimitTests {
    private func kit(_ configure: (inout ByteLimits) -> Void) -> ServerKit {
        var limits = ByteLimits()
        configure(&limits)
        return ServerKit { $0.connections.limits = limits }
    }

    private func router(_ kit: ServerKit, _ events: Events = Events()) -> TestRouter {
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("quick") { _, _ in "quick" }
        router.post("early") { _, _ in
            events.add("early")
            return "early"
        }
        router.post("read") { request, _ in
            events.add("reading")
            var count = 0
            for try await chunk in request.body { count += chunk.readableBytes }
            return "read \(count)"
        }
        router.get("flood") { _, _ in
            events.add("flooding")
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    do {
                        let piece = ByteBuffer(repeating: 120, count: 1 << 16)
                        for _ in 0..<10_000 { try await writer.write(piece) }
                    } catch {
                        events.add("ended: \(RequestScope.current.reason?.rawValue ?? "none")")
                        throw error
                    }
                })
        }
        return router
    }

    private func talk(
        _ kit: ServerKit, _ events: Events = Events(),
        _ body: @escaping @Sendable (inout RawClient.Talk) async throws -> String
    ) async throws -> String {
        try await serving(kit, .http1, router(kit, events)) { try await RawClient.with(port: $0, body) }
    }

    @Test func `38: a declared body beyond the limit is refused before the handler, and the connection closed`()
        async throws
    {
        let events = Events()
        let kit = kit { $0.maximumBody = 1_000 }
        let answer = try await talk(kit, events) { talk in
            try await talk.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\nbegin")
            return await talk.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 413"))
        #expect(answer.contains("onnection: close"))
        #expect(events.all.isEmpty)
        #expect(kit.statistics.oversizedBodies == 1)
    }

    @Test func `38: a chunked body that crosses the limit makes the read throw, and is answered 413`() async throws {
        let kit = kit { $0.maximumBody = 10 }
        let answer = try await talk(kit) { talk in
            try await talk.send("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            try await talk.send("8\r\n12345678\r\n8\r\n12345678\r\n")
            return await talk.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 413"))
        #expect(kit.statistics.oversizedBodies == 1)
    }

    @Test func `40: a head that was begun and does not end is answered 408, a silent connection is closed`()
        async throws
    {
        let kit = kit { $0.headerTime = .seconds(1) }
        let slow = try await talk(kit) { talk in
            try await talk.send("GET /quick HTTP/1.1\r\nHo")
            return await talk.readToEnd()
        }
        #expect(slow.hasPrefix("HTTP/1.1 408"))
        let silent = try await talk(kit) { await $0.readToEnd() }
        #expect(silent.isEmpty)
        #expect(kit.statistics.headerTimeouts == 1)
        #expect(kit.statistics.started == 0)
    }

    @Test func `41: a body that comes too slowly is answered 408, and its handler cancelled`() async throws {
        let kit = kit { $0.grace = .milliseconds(300) }
        let answer = try await talk(kit) { talk in
            try await talk.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nb")
            return await talk.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 408"))
        #expect(kit.statistics.slowBodies == 1)
        // On a machine that is busy enough the handler has not begun by then, and is not called any more.
        #expect(kit.statistics.cancelled == kit.statistics.started)
    }

    @Test func `42: a client that reads nothing ends its handler, which knows why`() async throws {
        let events = Events()
        let kit = kit { $0.writeStall = .milliseconds(100) }
        _ = try await talk(kit, events) { talk in
            try await talk.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            await until { events.all.count == 2 }
            return ""
        }
        #expect(events.all == ["flooding", "ended: writeStalled"])
        #expect(kit.statistics.writeStalls == 1)
    }

    @Test func `43: an idle connection is closed after its answer`() async throws {
        let kit = kit { $0.idleTime = .milliseconds(50) }
        let answer = try await talk(kit) { talk in
            try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
            return await talk.readToEnd()
        }
        #expect(answer.hasSuffix("quick"))
        #expect(kit.statistics.idleTimeouts == 1)
    }

    @Test func `39: what follows an early answer is read for so long and no longer`() async throws {
        let events = Events()
        let kit = kit {
            $0.drainBytes = 1 << 16
            $0.drainTime = .seconds(100)
        }
        let answer = try await talk(kit, events) { talk in
            try await talk.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
            await until { events.contains("early") }
            // Ends when the server has closed.
            while (try? await talk.send(String(repeating: "b", count: 1 << 16))) != nil {}
            return await talk.readToEnd()
        }
        #expect(answer.isEmpty || answer.hasSuffix("early"))
        #expect(kit.statistics.abandonedDrains == 1)
    }

    @Test func `44: one connection too many is closed and counted`() async throws {
        let kit = kit { $0.maximumConnections = 1 }
        try await serving(kit, .http1, router(kit)) { port in
            try await RawClient.with(port: port) { first in
                try await first.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await first.read(until: "quick")
                let second = try await RawClient.with(port: port) { await $0.readToEnd() }
                #expect(second.isEmpty)
            }
        }
        #expect(kit.statistics.refusedConnections == 1)
    }

    @Test func `45: pipelined requests are answered in order, one at a time`() async throws {
        let events = Events()
        let kit = ServerKit()
        let router = TestRouter()
        router.get("n/{n}") { _, context in
            events.add("begin")
            await Task.yield()
            events.add("end")
            return "<\(context.parameters.get("n") ?? "")>"
        }
        let answers = try await serving(kit, .http1, router) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send(
                    (1...200).map { "GET /n/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
                return try await talk.read(until: "<200>")
            }
        }
        let numbers = answers.split(separator: "<").dropFirst().compactMap { Int($0.prefix { $0 != ">" }) }
        #expect(numbers == Array(1...200))
        #expect(events.all == (1...200).flatMap { _ in ["begin", "end"] })
    }

    @Test(arguments: [
        ("Content-Length: 1\r\nContent-Length: 2\r\n", "400"),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "400"),
        ("X: " + String(repeating: "x", count: 40_000) + "\r\n", "431"),
    ])
    func `46: a head that nobody should trust is refused, and the connection closed`(
        _ header: String, _ status: String
    ) async throws {
        let events = Events()
        let answer = try await talk(ServerKit(), events) { talk in
            try await talk.send("POST /early HTTP/1.1\r\nHost: a\r\n\(header)\r\nb")
            return await talk.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
        #expect(events.all.isEmpty)
    }
}
#endif
