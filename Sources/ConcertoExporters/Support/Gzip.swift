#if Exporters
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression

/// Compresses a body. The zlib that swift-nio-extras brings along has no interface of its own; its handler for requests
/// has, and an embedded channel runs it where it is called.
enum Gzip {
    /// The same as gzip. An empty body stays empty. Throws if zlib does.
    static func compressed(_ bytes: [UInt8]) throws -> ByteBuffer {
        var result = ByteBuffer()
        guard !bytes.isEmpty else { return result }
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(NIOHTTPRequestCompressor(encoding: .gzip))
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
        channel.write(HTTPClientRequestPart.end(nil), promise: nil)
        channel.flush()
        while let part = try channel.readOutbound(as: HTTPClientRequestPart.self) {
            if case .body(.byteBuffer(var body)) = part { result.writeBuffer(&body) }
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return result
    }
}
#endif
