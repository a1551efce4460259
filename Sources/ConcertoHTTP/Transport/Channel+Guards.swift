#if HTTP
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPCompression

extension Channel {
    /// Puts an ``AnswerGuard`` behind the decoder of a connection that AsyncHTTPClient has made; on the event loop.
    func addAnswerGuard(watch: ConnectionWatch?) -> EventLoopFuture<Void> {
        completed {
            let pipeline = pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            let answers = AnswerGuard(watch: watch)
            try pipeline.addHandler(answers, position: .after(decoder))
            try pipeline.addHandler(ReadMarker(answers), position: .before(decoder))
            try addDecompressionFilter(answers)
        }
    }

    /// Puts guards around the translation to HTTP/1 on a stream that AsyncHTTPClient has made; on the event loop.
    func addStreamGuards(watch: ConnectionWatch?) -> EventLoopFuture<Void> {
        completed {
            let pipeline = pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP2FramePayloadToHTTP1ClientCodec.self)
            let answers = AnswerGuard(watch: watch, isConnection: false)
            try pipeline.addHandler(StreamStatusGuard(), position: .before(codec))
            try pipeline.addHandler(answers, position: .after(codec))
            try addDecompressionFilter(answers)
        }
    }

    private func addDecompressionFilter(_ answers: AnswerGuard) throws {
        let pipeline = pipeline.syncOperations
        guard let decompressor = try? pipeline.handler(type: NIOHTTPResponseDecompressor.self) else { return }
        try pipeline.addHandler(DecompressionFilter(answers), position: .after(decompressor))
    }

    private func completed(_ body: () throws -> Void) -> EventLoopFuture<Void> {
        do {
            try body()
            return eventLoop.makeSucceededVoidFuture()
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
#endif
