#if CLI
import Concerto
import ConcertoHTTP
import ConcertoStreams
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@Suite(.oneAtATime)
struct HTTPBodyTests {
    private func withTransport(
        _ script: @escaping RawServer.Script,
        _ body: (AsyncHTTPClientTransport, RawServer) async throws -> Void
    ) async throws {
        let transport = try AsyncHTTPClientTransport(options: HTTPTransportOptions())
        do {
            try await RawServer.run(script) { try await body(transport, $0) }
        } catch {
            try await transport.shutdown()
            throw error
        }
        try await transport.shutdown()
    }

    private func chunked(_ pieces: [String], ends: Bool = true, _ headers: String = "") -> RawServer.Answer {
        let text = pieces.map { String($0.utf8.count, radix: 16) + "\r\n\($0)\r\n" }.joined()
        return RawServer.Answer(
            "HTTP/1.1 200 OK\r\n\(headers)Transfer-Encoding: chunked\r\n\r\n\(text)" + (ends ? "0\r\n\r\n" : ""))
    }

    @Test func `117: lines of a body are whole wherever the server cuts it`() async throws {
        let text = "a\r\nb\n\nc\rd€\nlast"
        try await withTransport { _, number in
            let cut = text.utf8.index(text.utf8.startIndex, offsetBy: number - 1)
            let pieces = [Array(text.utf8[..<cut]), Array(text.utf8[cut...])].filter { !$0.isEmpty }
            let body = pieces.flatMap { Array("\(String($0.count, radix: 16))\r\n".utf8) + $0 + Array("\r\n".utf8) }
            return RawServer.Answer(
                Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + body + Array("0\r\n\r\n".utf8))
        } _: { transport, server in
            for _ in 0...text.utf8.count {
                let reply = try await transport.open(HTTPCall(url: server.url))
                #expect(try await reply.body.textLines().toArray(limit: 10) == ["a", "b", "", "c\rd€", "last"])
            }
            // What has been read to its end leaves a connection for the next.
            #expect(server.connections < text.utf8.count)
        }
    }

    @Test func `a body that is shorter than it says is a failure, not an end`() async throws {
        try await withTransport { _, _ in
            RawServer.Answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\none\ntwo\nhalf", closes: true)
        } _: { transport, server in
            var seen: [String] = []
            let failure = await #expect(throws: HTTPFailure.self) {
                for try await line in try await transport.open(HTTPCall(url: server.url)).body.textLines() {
                    seen.append(line)
                }
            }
            #expect(seen == ["one", "two"])
            #expect(failure?.kind == .closed && failure?.mayHaveBeenSent == true)
        }
    }

    @Test func `a head that never comes is a failure of the call`() async throws {
        try await withTransport { _, _ in
            RawServer.Answer("", closes: true)
        } _: { transport, server in
            let failure = await #expect(throws: HTTPFailure.self) {
                try await transport.open(HTTPCall(url: server.url))
            }
            #expect(failure?.kind == .closed)
        }
    }

    @Test func `leaving the loop closes the connection, and so does dropping an answer that nobody has read`()
        async throws
    {
        try await withTransport { [self] _, _ in
            chunked(["one\n", "two\n"], ends: false)
        } _: { transport, server in
            for try await line in try await transport.open(HTTPCall(url: server.url)).body.textLines() {
                #expect(line == "one")
                break
            }
            await until { server.open == 0 }
            #expect(try await transport.open(HTTPCall(url: server.url)).status == 200)
            await until { server.open == 0 }
        }
    }

    @Test func `cancelling the loop's task closes the connection`() async throws {
        try await withTransport { [self] _, _ in
            chunked(["one\n"], ends: false)
        } _: { transport, server in
            let seen = Shared(0)
            let task = Task {
                for try await _ in try await transport.open(HTTPCall(url: server.url)).body.textLines() {
                    seen.change { $0 += 1 }
                }
            }
            await until { seen.value == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await until { server.open == 0 }
        }
    }

    @Test func `a body over its limit fails after what is allowed, and its connection is closed`() async throws {
        try await withTransport { [self] _, _ in
            chunked(["12345", "67890"], ends: false)
        } _: { transport, server in
            let reply = try await transport.open(HTTPCall(url: server.url))
            await #expect(throws: HTTPBodyTooLargeError(limit: 7)) {
                for try await _ in try reply.body.limited(to: 9).limited(to: 7) {}
            }
            await until { server.open == 0 }
            #expect(throws: ArgumentError.self) { try reply.body.limited(to: -1) }
        }
    }

    @Test func `a deadline ends a body whose server falls silent`() async throws {
        try await withTransport { [self] _, _ in
            chunked(["one\n"], ends: false)
        } _: { transport, server in
            let clock = MonotonicClock()
            let reply = try await transport.open(HTTPCall(url: server.url))
            let lines = try reply.body.textLines().deadline(clock.now.advanced(by: .milliseconds(50)), clock: clock)
            var seen: [String] = []
            await #expect(throws: TimeoutError.self) { for try await line in lines { seen.append(line) } }
            #expect(seen == ["one"])
            await until { server.open == 0 }
        }
    }

    @Test func `a compressed body comes decompressed, and one that is not asked for is not compressed`() async throws {
        // "one\ntwo\n", as gzip writes it.
        let zipped: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0xCF, 0x4B, 0xE5,
            0x2A, 0x29, 0xCF, 0xE7, 0x02, 0x00, 0xE6, 0x0B, 0xBA, 0x12, 0x08, 0x00, 0x00, 0x00,
        ]
        try await withTransport { _, _ in
            let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(zipped.count)\r\n\r\n"
            return RawServer.Answer(Array(head.utf8) + zipped)
        } _: { transport, server in
            let reply = try await transport.open(HTTPCall(url: server.url))
            #expect(!reply.headers.contains(name: "content-encoding"))
            #expect(try await reply.body.textLines().toArray(limit: 5) == ["one", "two"])
            #expect(server.requests[0].header("accept-encoding") == ["identity"])
        }
    }
}
#endif
