#if HTTP
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Stands where frames come in on a stream of HTTP/2: a status that is no three digits ends the stream, because the
/// translation to HTTP/1 that follows traps on a negative one (swift-nio-http2 1.46).
final class StreamStatusGuard: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private var isBroken = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        guard case .headers(let headers) = unwrapInboundIn(data),
            let wrong = headers.headers[":status"].first(where: { !Self.isStatus($0) })
        else { return context.fireChannelRead(data) }
        isBroken = true
        context.fireErrorCaught(AnswerOrder.Fault.status(wrong))
        context.close(promise: nil)
    }

    static func isStatus(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 3 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && text.utf8.first != UInt8(ascii: "0")
    }
}
#endif
