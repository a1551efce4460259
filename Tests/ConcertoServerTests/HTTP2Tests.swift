#if Server
import Concerto
import ConcertoServer
import Hummingbird
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import TestSupport
import Testing

@Suite struct HTTP2Tests {
    private typealias Stream = NIOAsyncChannel<HTTP2Frame.FramePayload, HTTP2Frame.FramePayload>

    private func connect(_ port: Int, tls: Bool = false) async throws -> (
        any Channel, NIOHTTP2Handler.AsyncStreamMultiplexer<Stream>
    ) {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls { try channel.pipeline.syncOperations.addHandler(TestCertificate.client(["h2"])) }
                    let streams = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(mode: .client) {
                        stream in
                        stream.eventLoop.makeCompletedFuture { try Stream(wrappingChannelSynchronously: stream) }
                    }
                    return (channel, streams)
                }
            }
    }

    /// Sends a GET and runs `body` with the stream; what the server sent is returned when its side has ended.
    private func get(
        _ path: String, _ streams: NIOHTTP2Handler.AsyncStreamMultiplexer<Stream>,
        _ body: @escaping @Sendable (any Channel) async throws -> Void = { _ in }
    ) async throws -> String {
        let stream = try await streams.openStream { stream in
            stream.eventLoop.makeCompletedFuture { try Stream(wrappingChannelSynchronously: stream) }
        }
        return try await stream.executeThenClose { inbound, outbound in
            let head: HPACKHeaders = [":method": "GET", ":path": path, ":scheme": "http", ":authority": "a"]
            try await outbound.write(.headers(.init(headers: head, endStream: true)))
            try await body(stream.channel)
            var text = ""
            for try await payload in inbound {
                switch payload {
                case .headers(let headers): text += (headers.headers[":status"].first ?? "") + " "
                case .data(let data):
                    if case .byteBuffer(let buffer) = data.data { text += String(buffer: buffer) }
                default: break
                }
            }
            return text
        }
    }

    @Test func `9: a stream that is reset is cancelled alone, and the end of a GET cancels nothing`() async throws {
        let events = Events()
        let opened = Latch()
        let kit = ServerKit()
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("sleep") { _, _ in try await sleepLong(events) }
        router.get("wait") { _, _ in
            events.add("waiting")
            try await opened.wait()
            return "done \(Task.isCancelled)"
        }
        try await serving(kit, .http2, router) { port in
            let (channel, streams) = try await connect(port)
            async let waiting = get("/wait", streams)
            await until { events.contains("waiting") }
            _ = try? await get("/sleep", streams) { stream in
                await until { events.contains("started") }
                try await stream.close()
            }
            await until { events.contains("cancelled: clientClosed") }
            opened.open()
            let answer = try await waiting
            #expect(answer == "200 done false")
            try await channel.close()
            await until { kit.peerCount == 0 }
        }
        #expect(kit.statistics.cancelled == 1)
        #expect(kit.statistics.completed == 1)
    }

    @Test(arguments: [false, true])
    func `9, 16: the end of the connection cancels every stream, with TLS too`(_ tls: Bool) async throws {
        let events = Events()
        let kit = ServerKit()
        let router = TestRouter()
        router.get("sleep") { _, _ in try await sleepLong(events) }
        try await serving(kit, tls ? .http1OrHTTP2(TestCertificate.server()) : .http2, router) { port in
            let (channel, streams) = try await connect(port, tls: tls)
            async let first = try? get("/sleep", streams)
            async let second = try? get("/sleep", streams)
            await until { events.count("started") == 2 }
            try await channel.close()
            await until { events.count("cancelled: clientClosed") == 2 }
            _ = await (first, second)
            await until { kit.peerCount == 0 }
        }
    }
}
#endif
