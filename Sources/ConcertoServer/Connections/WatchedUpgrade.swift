#if Server
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOHTTP2
import NIOSSL

/// TLS, and in it HTTP/1.1 or HTTP/2, as the client chooses; either watched.
struct WatchedUpgrade: ServerChildChannel {
    typealias Negotiated = NIONegotiatedHTTPVersion<WatchedHTTP1.Value, HTTP2Channel.Value>

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
    }

    private let context: NIOSSLContext
    private let http1: WatchedHTTP1
    private let http2: HTTP2Channel

    init(
        tls: TLSConfiguration, responder: @escaping HTTPChannelHandler.Responder, life: ServerLife,
        options: ConnectionOptions
    ) throws {
        var tls = tls
        tls.applicationProtocols = NIOHTTP2SupportedALPNProtocols
        context = try NIOSSLContext(configuration: tls)
        http1 = WatchedHTTP1(responder: responder, life: life, options: options, isSecure: true)
        http2 = WatchedStreams.channel(responder: responder, life: life, options: options)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        do {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return channel.configureHTTP2AsyncSecureUpgrade { channel in
            http1.setup(channel: channel, logger: logger)
        } http2ConnectionInitializer: { channel in
            http2.setup(channel: channel, logger: logger)
        }.map { Value(negotiated: $0, channel: channel) }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http1_1(let http1): await self.http1.handle(value: http1, logger: logger)
            case .http2(let http2): await self.http2.handle(value: http2, logger: logger)
            }
        } catch {
            logger.debug("A connection ended before a protocol was agreed upon", metadata: ["error": "\(error)"])
        }
    }
}
#endif
