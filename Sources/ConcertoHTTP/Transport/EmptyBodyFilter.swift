#if HTTP
import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// Stands behind the decompression, which takes an answer without a body for one that was cut off: that to HEAD, a 304, an
/// empty one (swift-nio-extras 1.35).
///
/// Used on its channel's event loop alone.
final class EmptyBodyFilter: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private let answers: AnswerGuard

    init(_ answers: AnswerGuard) { self.answers = answers }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !answers.hasBody, error as? NIOHTTPDecompression.ExtraDecompressionError == .truncatedData { return }
        context.fireErrorCaught(error)
    }
}
#endif
