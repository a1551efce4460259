#if Exporters
import ConcertoExporters
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix

/// A collector that answers as the test says.
final class CollectorServer: Sendable {
    struct Request: Sendable {
        var path: String
        var headers: HTTPHeaders
        /// Decompressed.
        var body: [UInt8]
        var time: ContinuousClock.Instant
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// Whether nothing is answered.
        var hangs = false
    }

    private struct State {
        var requests: [Request] = []
        var underWay = 0
        var mostUnderWay = 0
    }

    /// What arrived. It is there before the server is: a client that was refused until then comes at once.
    private final class Journal: Sendable { let state = Guarded(State()) }

    private let journal = Journal()
    private let channel: any Channel
    private let arrived: AsyncStream<Void>
    let port: Int

    var requests: [Request] { journal.state.withLock { $0.requests } }
    var mostUnderWay: Int { journal.state.withLock { $0.mostUnderWay } }
    var base: String { "http://127.0.0.1:\(port)" }

    /// - Parameter answer: Gets the number of the request, from 0.
    init(port: Int = 0, answer: @escaping @Sendable (Int) -> Answer = { _ in Answer() }) async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        self.arrived = arrived
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [journal] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOHTTPRequestDecompressor(limit: .none),
                        Handler { request in
                            let number = journal.state.withLock { state in
                                state.requests.append(request)
                                state.underWay += 1
                                state.mostUnderWay = max(state.mostUnderWay, state.underWay)
                                return state.requests.count - 1
                            }
                            arrival.yield()
                            let answer = answer(number)
                            if !answer.hangs { journal.state.withLock { $0.underWay -= 1 } }
                            return answer
                        },
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress!.port!
    }

    /// Waits until there were so many requests.
    func requests(_ count: Int) async -> [Request] {
        if requests.count >= count { return requests }
        for await _ in arrived where requests.count >= count { break }
        return requests
    }

    func stop() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let answer: (Request) -> Answer
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ answer: @escaping (Request) -> Answer) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let part): body += part.readableBytesView
            case .end:
                guard let head else { return }
                let answer = answer(Request(path: head.uri, headers: head.headers, body: body, time: .now))
                guard !answer.hangs else { return }
                var headers = HTTPHeaders(answer.headers)
                if answer.status != 204 { headers.add(name: "Content-Length", value: "\(answer.body.count)") }
                context.write(
                    wrapOutboundOut(
                        .head(.init(version: .http1_1, status: .init(statusCode: answer.status), headers: headers))),
                    promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
#endif
