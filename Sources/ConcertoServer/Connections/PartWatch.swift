#if Server
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Sees the parts of HTTP/1.1 messages, for the limits that ``PeerWatch`` keeps, and closes connections after their last
/// answer.
final class PartWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var watch: PeerWatch?
    private var context: ChannelHandlerContext?
    private var hasHead = false
    private var closes = false
    private var headWasTooLong = false
    private var bodyIsTooLong = false

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        watch = try? context.pipeline.syncOperations.handler(type: PeerWatch.self)
        watch?.parts = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        watch = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let watch else { return context.fireChannelRead(data) }
        if watch.state.phase == .closing {
            // Nobody is served any more, but a client may send on while it reads its last answer.
            if case .body(let bytes) = unwrapInboundIn(data) {
                _ = watch.state.bodyCame(bytes.readableBytes)
                if watch.state.hasDrainedTooMuch { watch.judge() }
            }
            return
        }
        switch unwrapInboundIn(data) {
        case .head:
            watch.state.headCame(at: .now())
            bodyIsTooLong = false
        case .body(let bytes):
            if !watch.state.bodyCame(bytes.readableBytes) {
                if !bodyIsTooLong {
                    bodyIsTooLong = true
                    closes = true
                    watch.peer.life.count(.oversizedBodies)
                    context.fireErrorCaught(BodyTooLargeError())
                }
                if watch.state.hasDrainedTooMuch { watch.judge() }
                return
            }
            if watch.state.hasDrainedTooMuch { watch.judge() }
        case .end: watch.state.endCame(at: .now())
        }
        watch.arm()
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        watch?.state.readBegan(at: .now())
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        watch?.state.readEnded(at: .now())
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case HTTPParserError.headerOverflow? = error as? HTTPParserError { headWasTooLong = true }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let watch else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if head.status.kind != .informational { hasHead = true }
            // Hummingbird answers 400 to whatever the parser refuses.
            if headWasTooLong, head.status == .badRequest { head.status = .requestHeaderFieldsTooLarge }
            if watch.peer.life.isDraining || closes { head.headerFields[.connection] = "close" }
            if head.headerFields[.connection] == "close" { closes = true }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            hasHead = false
            watch.peer.answered()
            watch.state.answered(at: .now())
            context.write(data, promise: promise)
            if closes { close(watch, context) } else { watch.arm() }
        }
    }

    /// 408, unless an answer has begun; nobody is served after it.
    func answerTimeout() {
        guard let watch, let context else { return }
        if !hasHead {
            let head = HTTPResponse(
                status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            close(watch, context)
        } else {
            context.close(promise: nil)
        }
    }

    /// Ends the server's side and reads on for a moment: closing with unread bytes would reset the connection, and the
    /// answer with it.
    private func close(_ watch: PeerWatch, _ context: ChannelHandlerContext) {
        watch.peer.close()
        watch.state.close(at: .now())
        watch.arm()
        context.flush()
        context.close(mode: .output, promise: nil)
    }
}
#endif
