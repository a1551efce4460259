#if HTTP
import Concerto
import NIOCore
import NIOPosix

/// With which status a proxy refuses a tunnel, which AsyncHTTPClient (1.37) does not tell: the proxy is asked once more, at
/// most once a minute for each target.
final class TunnelRefusals: Sendable {
    private static let memory = TimeAmount.seconds(60)
    private static let rememberedTargets = 1000

    private let known = Guarded<[String: (status: Int?, at: NIODeadline)]>([:])
    private let timeout: TimeAmount

    init(timeout: TimeAmount) { self.timeout = timeout }

    /// - Returns: The status; `nil` if there is none, or a tunnel is made now.
    func status(_ proxy: HTTPProxy, target: String) async -> Int? {
        let now = NIODeadline.now()
        if let known = known.withLock({ $0[target] }), now - known.at < Self.memory { return known.status }
        let status = try? await ask(proxy, target)
        known.withLock { known in
            if known.count >= Self.rememberedTargets { known = [:] }
            known[target] = (status, now)
        }
        return status
    }

    private func ask(_ proxy: HTTPProxy, _ target: String) async throws -> Int? {
        var text = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
        if let authorization = proxy.authorization { text += "Proxy-Authorization: \(authorization)\r\n" }
        let request = text + "\r\n"
        let timeout = timeout
        let line = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(timeout)
            .connect(host: proxy.host, port: proxy.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let line = StatusLine(request: request, promise: channel.eventLoop.makePromise())
                    try channel.pipeline.syncOperations.addHandler(line)
                    channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
                    return line.promise.futureResult
                }
            }
        let status = try await line.get()
        return (100...599).contains(status) && !(200...299).contains(status) ? status : nil
    }
}

/// Sends a request, reads the status of the answer's first line and closes the connection.
private final class StatusLine: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let longest = 64

    let promise: EventLoopPromise<Int>
    private let request: String
    private var bytes: [UInt8] = []

    init(request: String, promise: EventLoopPromise<Int>) { (self.request, self.promise) = (request, promise) }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView.prefix(Self.longest - min(bytes.count, Self.longest))
        guard bytes.contains(UInt8(ascii: "\n")) || bytes.count == Self.longest else { return }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 2)
        promise.succeed(words.count > 1 ? Int(words[1].prefix(3)) ?? 0 : 0)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.succeed(0) }

    func handlerRemoved(context: ChannelHandlerContext) { promise.succeed(0) }
}
#endif
