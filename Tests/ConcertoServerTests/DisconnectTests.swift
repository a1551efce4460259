#if Server
import Concerto
import ConcertoServer
import ConcertoTesting
import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle
import TestSupport
import Testing

@Suite struct DisconnectTests {
    private let get = "GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n"

    private func router(_ events: Events) -> TestRouter {
        let router = TestRouter()
        router.on("sleep", method: .get) { _, _ in try await sleepLong(events) }
        router.on("sleep", method: .post) { _, _ in try await sleepLong(events) }
        router.get("quick") { _, _ in "quick \(Task.isCancelled)" }
        router.post("read") { request, _ in
            do {
                events.add("started")
                for try await _ in request.body { events.add("chunk") }
                return "read"
            } catch {
                events.add("ended")
                throw error
            }
        }
        router.get("stream") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "first"))
                    _ = try await sleepLong(events)
                    try await writer.finish(nil)
                })
        }
        return router
    }

    /// Sends `request`, waits for the handler, hangs up, and waits until the handler has been cancelled.
    private func hangUp(
        after request: String, by hangUp: @escaping @Sendable (RawClient.Talk) async throws -> Void,
        configure: (inout ServerKitOptions) -> Void = { _ in }
    ) async throws -> [String] {
        let events = Events()
        let kit = ServerKit(configure)
        try await serving(kit, .http1, router(events)) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send(request)
                await until { events.contains("started") }
                try await hangUp(talk)
                await until { events.all.count == 2 }
            }
            await until { kit.statistics.connections == 0 }
        }
        #expect(kit.statistics.started == 1)
        #expect(kit.statistics.cancelled == 1)
        return events.all
    }

    @Test func `1: a client that closes cancels the handler's task, which knows why`() async throws {
        let events = try await hangUp(after: get) { await $0.close() }
        #expect(events == ["started", "cancelled: clientClosed"])
    }

    @Test(arguments: [false, true])
    func `16: what holds without TLS holds with it`(_ choosesProtocol: Bool) async throws {
        let events = Events()
        let kit = ServerKit()
        let tls = try TestCertificate.server()
        try await serving(kit, choosesProtocol ? .http1OrHTTP2(tls) : .https1(tls), router(events)) { port in
            try await RawClient.with(port: port, tls: true) { talk in
                try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try await talk.read(until: "quick")
                #expect(answer.hasSuffix("quick false"))
                try await talk.send(get)
                await until { events.contains("started") }
                await talk.close()
                await until { events.contains("cancelled: clientClosed") }
            }
            await until { kit.statistics.connections == 0 }
        }
        #expect(kit.statistics.completed == 1)
        #expect(kit.statistics.cancelled == 1)
    }

    @Test func `16: what holds over TCP holds over a Unix socket`() async throws {
        let (events, kit) = (Events(), ServerKit())
        // A short path: a socket's name has 108 bytes at most.
        let path = "/tmp/concerto-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let isRunning = TaskCompletionSource<Void>()
        let app = Application(
            router: router(events), server: kit.server(), configuration: .init(address: .unixDomainSocket(path: path)),
            onServerRunning: { _ in isRunning.trySetResult(()) }, logger: quiet)
        let group = ServiceGroup(configuration: .init(services: [app], logger: quiet))
        async let running: Void = group.run()
        try await isRunning.task.value
        try await RawClient(try SocketAddress(unixDomainSocketPath: path)).talk { talk in
            try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n" + get)
            _ = try await talk.read(until: "quick false")
            await until { events.contains("started") }
            await talk.close()
        }
        await until { kit.statistics.connections == 0 && kit.statistics.cancelled == 1 }
        await group.triggerGracefulShutdown()
        try await running
        #expect(events.all == ["started", "cancelled: clientClosed"])
    }

    @Test func `2: a client that resets cancels the handler's task`() async throws {
        let events = try await hangUp(after: get) { try await $0.reset() }
        #expect(events == ["started", "cancelled: clientClosed"])
    }

    @Test(arguments: [1, 50])
    func `3: pipelined requests behind the running one do not hide the hang-up`(_ behind: Int) async throws {
        let requests = String(repeating: get, count: 1 + behind)
        let events = try await hangUp(after: requests) { await $0.close() }
        #expect(events == ["started", "cancelled: clientClosed"])
    }

    @Test(arguments: [100, 1_000])
    func `4: an unread body, whole or not, does not hide the hang-up`(_ length: Int) async throws {
        let head = "POST /sleep HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
        let events = try await hangUp(after: head + String(repeating: "b", count: 100)) { await $0.close() }
        #expect(events == ["started", "cancelled: clientClosed"])
    }

    @Test func `6: a handler that reads the body sees one error when the client goes`() async throws {
        let events = Events()
        try await serving(ServerKit(), .http1, router(events)) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
                await until { events.contains("chunk") }
                await talk.close()
                await until { events.contains("ended") }
            }
        }
        #expect(events.all == ["started", "chunk", "ended"])
    }

    @Test func `7: a body that waits for its source is cancelled when the client goes`() async throws {
        let events = try await hangUp(after: "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n") { await $0.close() }
        #expect(events == ["started", "cancelled: clientClosed"])
    }

    @Test func `8: the end of sending cancels`() async throws {
        let events = try await hangUp(after: get) { $0.finish() }
        #expect(events == ["started", "cancelled: clientClosed"])
    }

    @Test func `8: by choice the end of sending does not cancel, and a reset after it does`() async throws {
        let events = Events()
        let opened = Latch()
        let router = router(events)
        router.get("wait") { _, _ in
            events.add("waiting")
            try await opened.wait()
            return "done"
        }
        let kit = ServerKit { $0.connections.halfClose = .serve }
        try await serving(kit, .http1, router) { port in
            let answer = try await RawClient.with(port: port) { talk in
                try await talk.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { events.contains("waiting") }
                talk.finish()
                opened.open()
                return await talk.readToEnd()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.hasSuffix("done"))
            try await RawClient.with(port: port) { talk in
                try await talk.send(get)
                await until { events.contains("started") }
                talk.finish()
                try await talk.reset()
                await until { events.contains("cancelled: clientClosed") }
            }
        }
    }

    @Test func `10: a client that leaves between requests disturbs nobody, and the second request starts uncancelled`()
        async throws
    {
        let kit = ServerKit()
        try await serving(kit, .http1, router(Events())) { port in
            try await RawClient.with(port: port) { talk in
                for _ in 0..<2 {
                    try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
                    let answer = try await talk.read(until: "quick")
                    #expect(answer.hasSuffix("quick false"))
                }
                await talk.close()
            }
            await until { kit.statistics.connections == 0 }
        }
        #expect(kit.statistics.completed == 2)
        #expect(kit.statistics.cancelled == 0)
    }

    @Test func `13: what is shielded runs to its end after the client has gone`() async throws {
        let events = Events()
        let opened = Latch()
        let router = TestRouter()
        router.get("commit") { _, _ in
            events.add("started")
            try? await Task.sleep(for: .seconds(200))
            try await withTaskCancellationShield {
                try await opened.wait()
                events.add("committed")
            }
            return "done"
        }
        try await serving(ServerKit(), .http1, router) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send("GET /commit HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { events.contains("started") }
                await talk.close()
                opened.open()
                await until { events.contains("committed") }
            }
        }
    }

    @Test func `15: a connection is registered once, however many requests it makes`() async throws {
        let kit = ServerKit()
        try await serving(kit, .http1, router(Events())) { port in
            try await RawClient.with(port: port) { talk in
                for _ in 0..<300 {
                    try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = try await talk.read(until: "quick")
                }
                #expect(kit.statistics.connections == 1)
                #expect(kit.peerCount == 1)
            }
            await until { kit.peerCount == 0 }
        }
        #expect(kit.statistics.started == 300)
    }
}
#endif
