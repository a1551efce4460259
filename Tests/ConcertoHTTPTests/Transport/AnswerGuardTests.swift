#if HTTP
import AsyncHTTPClient
import ConcertoHTTP
import NIOCore
import TestSupport
import Testing

@Suite(.oneAtATime)
struct AnswerGuardTests {
    private func failure(_ answer: RawServer.Answer) async throws -> HTTPFailure? {
        try await RawServer.run({ _, _ in answer }) { server in
            await #expect(throws: HTTPFailure.self) {
                try await AsyncHTTPClientTransport().send(HTTPCall(url: server.url))
            }
        }
    }

    @Test(arguments: ["000", "001", "050", "099"])
    func `H1 a status below 100 is no HTTP, and ends no process`(status: String) async throws {
        let failure = try await failure(RawServer.Answer("HTTP/1.1 \(status) OK\r\nContent-Length: 0\r\n\r\n"))
        #expect(failure?.kind == .protocolError)
        #expect(failure?.mayHaveBeenSent == true)
        #expect(failure?.description.contains("'\(Int(status)!)'") == true, "\(failure as Any)")
    }

    @Test func `H1 a status below 100 with a body and another answer behind it is no HTTP either`() async throws {
        let failure = try await failure(
            "HTTP/1.1 042 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(failure?.kind == .protocolError)
    }

    @Test(arguments: ["100", "102", "103", "199"])
    func `an informational head before the answer is passed over`(status: String) async throws {
        let reply = try await RawServer.run({ _, _ in
            RawServer.Answer("HTTP/1.1 \(status) S\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        }) { server in
            try await AsyncHTTPClientTransport().send(HTTPCall(url: server.url))
        }
        #expect(reply.status == 200 && String(buffer: reply.body) == "hi")
    }

    // The answer that nobody asked for came with the one before it, so it cannot be the next call's.
    @Test func `H15 an answer that nobody asked for is not taken for that to the next call`() async throws {
        let answers: RawServer.Script = { request, _ in
            .ok(request.target).followed(by: .ok("stray"))
        }
        try await RawServer.run(answers) { server in
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: AsyncHTTPClientTransport.guarded(configuration))
            let transport = AsyncHTTPClientTransport(client: client)
            // Side by side over one connection, so that the next request goes out in the middle of reading.
            await withTaskGroup(of: Void.self) { group in
                for number in 1...20 {
                    group.addTask {
                        let reply = try? await transport.send(HTTPCall(url: "\(server.url)/\(number)"))
                        if let reply { #expect(String(buffer: reply.body) == "/\(number)") }
                    }
                }
            }
            // One after the other, so that it comes while nothing is out.
            for number in 1...20 {
                let reply = try? await transport.send(HTTPCall(url: "\(server.url)/\(number)"))
                if let reply { #expect(String(buffer: reply.body) == "/\(number)") }
            }
            try await client.shutdown()
        }
    }
}

extension RawServer.Answer {
    func followed(by other: RawServer.Answer) -> RawServer.Answer {
        RawServer.Answer(bytes + other.bytes, closes: other.closes)
    }
}
#endif
