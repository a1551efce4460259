#if HTTP
import ConcertoHTTP
import ConcertoResilience
import NIOCore
import TestSupport
import Testing

@testable import ConcertoHTTP

@Suite(.oneAtATime)
struct TLSTests {
    private func send(_ url: String, _ change: (inout HTTPTransportOptions) -> Void = { _ in }) async throws
        -> HTTPReply
    {
        var options = HTTPTransportOptions()
        change(&options)
        let transport = try AsyncHTTPClientTransport(options: options)
        let result: Result<HTTPReply, any Error>
        do { result = .success(try await transport.send(HTTPCall(url: url))) } catch { result = .failure(error) }
        try await transport.shutdown()
        return try result.get()
    }

    private func failure(_ url: String, _ change: (inout HTTPTransportOptions) -> Void = { _ in }) async -> HTTPFailure?
    {
        await #expect(throws: HTTPFailure.self) { try await send(url, change) }
    }

    @Test func `T13 the certificates of a file are trusted instead of the machine's`() async throws {
        try await RawServer.run(tls: TestCertificate.server(), { _, _ in .ok("secure") }) { server in
            try await TestCertificate.withFile { path in
                for host in ["localhost", "127.0.0.1"] {
                    let reply = try await send("https://\(host):\(server.port)/") { $0.authorities = path }
                    #expect(String(buffer: reply.body) == "secure")
                }
            }
            #expect(try await send("https://localhost:\(server.port)/") { $0.checksCertificates = false }.status == 200)
        }
    }

    @Test func `message 1 B38: a certificate that is not trusted is said in a sentence, and not tried again`()
        async throws
    {
        try await RawServer.run(tls: TestCertificate.server(), { _, _ in .ok("") }) { server in
            let failure = await failure("https://localhost:\(server.port)/")
            #expect(failure?.kind == .tls && failure?.mayHaveBeenSent == false && failure?.isLasting == true)
            let text = failure?.description ?? ""
            #expect(text.contains("not trusted") || text.contains("no CA certificates"), "\(text)")
            #expect(text.contains("cacert") && !text.contains("BoringSSL") && !text.contains(".cc"))
        }
    }

    @Test func `a server that does not speak TLS is told from one that is not trusted`() async throws {
        try await RawServer.run(answersAnything: true, { _, _ in .status(400) }) { server in
            let failure = await failure("https://127.0.0.1:\(server.port)/")
            #expect(failure?.kind == .tls && failure?.mayHaveBeenSent == false && failure?.isLasting == true)
            #expect(failure?.description.contains("does not speak TLS") == true, "\(failure as Any)")
        }
    }

    @Test(arguments: ["/nowhere/at/all.pem", "/etc/hostname", "/"])
    func `T13 a file that holds no certificates is refused before the first call`(path: String) {
        var options = HTTPTransportOptions()
        options.authorities = path
        #expect(throws: InvalidOptionsError.self) { try AsyncHTTPClientTransport(options: options) }
    }

    @Test func `every option that cannot work is named`() {
        var options = HTTPTransportOptions()
        options.maximumBody = -1
        options.maximumPerHost = 0
        options.maximumIdle = 0
        options.idleLimit = .zero
        options.connectTimeout = .seconds(-1)
        let error = #expect(throws: InvalidOptionsError.self) { try options.validate() }
        #expect(
            error?.problems.map(\.field) == [
                "maximumBody", "connectTimeout", "maximumPerHost", "maximumIdle", "idleLimit",
            ])
    }
}
#endif
