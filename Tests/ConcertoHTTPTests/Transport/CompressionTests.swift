#if HTTP
import ConcertoHTTP
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@Suite(.oneAtATime)
struct CompressionTests {
    private func reply(
        _ answer: RawServer.Answer, method: String = "GET", headers: [(String, String)] = [], maximumBody: Int = 1 << 24
    ) async throws -> (HTTPReply, RawServer.Request) {
        try await RawServer.run({ _, _ in answer }) { server in
            let transport = AsyncHTTPClientTransport(maximumBody: maximumBody)
            let reply = try await transport.send(HTTPCall(method: method, url: server.url, headers: headers))
            return (reply, server.requests[0])
        }
    }

    private func gzip(_ bytes: [UInt8]) -> RawServer.Answer {
        RawServer.Answer(
            Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bytes.count)\r\n\r\n".utf8) + bytes)
    }

    @Test func `H9 T26 a body that compresses more than a hundredfold comes whole`() async throws {
        let (compressed, count) = Gzip.zeros(1_000_000)
        #expect(compressed.count * 100 < count)
        let (reply, request) = try await reply(gzip(compressed))
        #expect(
            reply.body.readableBytes == count && reply.body.readableBytesView.allSatisfy { $0 == 0 }
                && !reply.isTruncated)
        #expect(reply.headers["content-encoding"].isEmpty && reply.headers["content-length"].isEmpty)
        #expect(request.header("accept-encoding") == ["gzip"])
    }

    @Test func `T26 a decompressed body longer than asked for is cut and flagged, and is no error`() async throws {
        let (compressed, _) = Gzip.zeros(10_000_000)
        let (reply, _) = try await reply(gzip(compressed), maximumBody: 100_000)
        #expect(reply.isTruncated && reply.body.readableBytes <= 100_000)
        // It ends where it would have ended without compression.
        #expect(reply.body.readableBytes == 100_000)
    }

    @Test func `B23 a body that is cut has what fits, though all of it came at once, and the next call is not hurt`()
        async throws
    {
        let (compressed, _) = Gzip.zeros(2_000_000)
        try await RawServer.run({ _, number in number % 2 == 1 ? gzip(compressed) : .ok("whole") }) { server in
            let transport = AsyncHTTPClientTransport(maximumBody: 1_000)
            for round in 1...10 {
                let cut = try await transport.send(HTTPCall(method: "GET", url: server.url))
                #expect(cut.isTruncated && cut.body.readableBytes == 1_000, "\(round)")
                let whole = try await transport.send(HTTPCall(method: "GET", url: server.url))
                #expect(!whole.isTruncated && String(buffer: whole.body) == "whole", "\(round)")
            }
        }
    }

    @Test func `an answer without a body that names an encoding is whole`() async throws {
        let head = "Content-Encoding: gzip\r\n"
        #expect(try await reply(.status(200, head)).0.status == 200)
        #expect(try await reply(RawServer.Answer("HTTP/1.1 304 S\r\n\(head)\r\n")).0.status == 304)
        #expect(
            try await reply(RawServer.Answer("HTTP/1.1 200 S\r\n\(head)Content-Length: 50\r\n\r\n"), method: "HEAD").0
                .status == 200)
    }

    @Test func `a compressed body that is cut off or none is a failure for good`() async throws {
        let (compressed, _) = Gzip.zeros(10_000)
        for bytes in [Array(compressed.dropLast(20)), Array("hello, world".utf8)] {
            let failure = await #expect(throws: HTTPFailure.self) { try await reply(gzip(bytes)) }
            #expect(failure?.kind == .protocolError && failure?.isLasting == true, "\(failure as Any)")
            #expect(failure?.description.contains("decompressed") == true)
        }
    }

    @Test func `a part of a body is asked for as it is, and whoever names encodings gets those`() async throws {
        #expect(
            try await reply(.ok("x"), headers: [("Range", "bytes=0-9")]).1.header("accept-encoding") == ["identity"])
        #expect(try await reply(.ok("x"), headers: [("Accept-Encoding", "br")]).1.header("accept-encoding") == ["br"])
    }
}
#endif
