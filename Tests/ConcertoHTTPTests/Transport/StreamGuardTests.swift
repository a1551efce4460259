#if HTTP
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import Testing

@testable import ConcertoHTTP

/// The guards around the translation from HTTP/2, without a network.
struct StreamGuardTests {
    private func stream() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([
            StreamStatusGuard(), HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .https),
            AnswerGuard(isConnection: false),
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["host": "h"])
        try channel.writeOutbound(HTTPClientRequestPart.head(head))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
        return channel
    }

    private func headers(_ status: String, endStream: Bool) -> HTTP2Frame.FramePayload {
        .headers(.init(headers: HPACKHeaders([(":status", status)]), endStream: endStream))
    }

    @Test(arguments: ["-5", "000", "099", "1000", "abc", ""])
    func `H1 a status of HTTP 2 that is none ends the stream, not the process`(status: String) throws {
        let channel = try stream()
        #expect(throws: (any Error).self) { try channel.writeInbound(headers(status, endStream: true)) }
        #expect(try channel.readInbound(as: HTTPClientResponsePart.self) == nil)
        #expect(!channel.isActive)
    }

    @Test func `an informational answer of HTTP 2 that ends the stream does not pass as an end`() throws {
        let channel = try stream()
        _ = try? channel.writeInbound(headers("103", endStream: true))
        while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
            if case .end = part { Issue.record("an end without a final head") }
        }
        _ = try? channel.finish()
    }

    @Test func `an answer of HTTP 2 passes`() throws {
        let channel = try stream()
        try channel.writeInbound(headers("103", endStream: false))
        try channel.writeInbound(headers("200", endStream: true))
        var parts = 0
        while try channel.readInbound(as: HTTPClientResponsePart.self) != nil { parts += 1 }
        #expect(parts == 3)
        _ = try channel.finish()
    }
}
#endif
