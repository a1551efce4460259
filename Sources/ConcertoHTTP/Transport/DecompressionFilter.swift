#if HTTP
import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// Stands behind the decompression (swift-nio-extras 1.35), two of whose errors are none here.
///
/// - It takes an answer without a body for one that was cut off: that to HEAD, a 304, an empty one.
/// - What is longer than is kept makes an error, and AsyncHTTPClient drops all that came in the same read together with it:
///   of a body that compresses well, everything. So the answer ends there, its ticket says that it was cut, and the connection
///   is closed.
///
/// Used on its channel's event loop alone.
final class DecompressionFilter: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private let answers: AnswerGuard
    /// The rest of the answer is dropped.
    private var hasCut = false

    init(_ answers: AnswerGuard) { self.answers = answers }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !hasCut { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decompression fails anew with each part that still comes.
        if hasCut { return }
        if !answers.hasBody, error as? NIOHTTPDecompression.ExtraDecompressionError == .truncatedData { return }
        guard error as? NIOHTTPDecompression.DecompressionError == .limit, let ticket = answers.ticket else {
            return context.fireErrorCaught(error)
        }
        hasCut = true
        ticket.noteCut()
        // Before the end is told: AsyncHTTPClient may write the next request in there.
        answers.refuseRequests()
        context.fireChannelRead(wrapInboundOut(.end(nil)))
        context.close(promise: nil)
    }
}
#endif
