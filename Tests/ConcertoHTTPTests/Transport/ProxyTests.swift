#if HTTP
import ConcertoHTTP
import NIOCore
import TestSupport
import Testing

@Suite(.oneAtATime)
struct ProxyTests {
    private func send<Value: Sendable>(
        _ call: HTTPCall, through proxy: String, _ check: (Result<HTTPReply, any Error>) -> Value
    ) async throws -> Value {
        var options = HTTPTransportOptions()
        options.proxy = HTTPProxy(proxy)
        try #require(options.proxy != nil)
        let transport = try AsyncHTTPClientTransport(options: options)
        let result: Result<HTTPReply, any Error>
        do { result = .success(try await transport.send(call)) } catch { result = .failure(error) }
        try await transport.shutdown()
        return check(result)
    }

    private func failure(_ call: HTTPCall, through proxy: String) async throws -> HTTPFailure {
        let failure: HTTPFailure? = try await send(call, through: proxy) {
            guard case .failure(let error) = $0 else { return nil }
            return error as? HTTPFailure
        }
        return try #require(failure)
    }

    @Test func `H6 T27 a call to http is handed to the proxy without a tunnel`() async throws {
        try await RawServer.run({ _, _ in .ok("through") }) { proxy in
            let call = HTTPCall(method: "POST", url: "http://user:word@api.example:81/a?b=%20|", body: Array("x".utf8))
            let body = try await send(call, through: "127.0.0.1:\(proxy.port)") { try? String(buffer: $0.get().body) }
            #expect(body == "through")
            let request = try #require(proxy.requests.first)
            #expect(request.head.hasPrefix("POST http://api.example:81/a?b=%20%7C HTTP/1.1\r\n"))
            #expect(request.header("host") == ["api.example:81"] && request.body == Array("x".utf8))
            #expect(request.header("authorization") == ["Basic dXNlcjp3b3Jk"])
            #expect(!request.head.lowercased().contains("concerto-attempt"))
        }
    }

    @Test func `H7 T27 user and password of a proxy are decoded`() async throws {
        try await RawServer.run({ _, _ in .ok("") }) { proxy in
            _ = try await send(
                HTTPCall(url: "http://h/"), through: "HTTP://us%40er:p%3Ass%20w@127.0.0.1:\(proxy.port)"
            ) { _ in }
            // us@er:p:ss w
            #expect(proxy.requests.first?.header("proxy-authorization") == ["Basic dXNAZXI6cDpzcyB3"])
        }
    }

    @Test(arguments: ["http://h/", "https://h/"])
    func `T27 a proxy that asks for another password is named, with its status, and not asked again`(url: String)
        async throws
    {
        try await RawServer.run({ _, _ in .status(407, "Proxy-Authenticate: Basic realm=x\r\n") }) { proxy in
            let failure = try await failure(HTTPCall(url: url), through: "http://u:s3cr3t@127.0.0.1:\(proxy.port)")
            #expect(failure.kind == .connect && !failure.mayHaveBeenSent && failure.isLasting)
            #expect(failure.description.contains("127.0.0.1:\(proxy.port)") && failure.description.contains("407"))
            #expect(!failure.description.contains("s3cr3t"))
        }
    }

    @Test(arguments: [(403, true), (502, false), (503, false)])
    func `H6 a tunnel that is refused is told with the proxy's status`(status: Int, isLasting: Bool) async throws {
        try await RawServer.run({ _, _ in .status(status) }) { proxy in
            let failure = try await failure(HTTPCall(url: "https://h/"), through: "127.0.0.1:\(proxy.port)")
            #expect(failure.kind == .connect && !failure.mayHaveBeenSent && failure.isLasting == isLasting)
            #expect(failure.description.contains("the proxy 127.0.0.1:\(proxy.port)"), "\(failure)")
            #expect(failure.description.contains("h:443") && failure.description.contains("\(status)"))
            #expect(proxy.requests.map(\.method) == ["CONNECT", "CONNECT"])
        }
    }

    @Test(arguments: ["http://127.0.0.1:1", "socks5://127.0.0.1:1"], ["http://h/", "https://h/"])
    func `T27 a proxy that is down is blamed, not the target`(proxy: String, url: String) async throws {
        let failure = try await failure(HTTPCall(url: url), through: proxy)
        #expect(failure.kind == .connect && !failure.mayHaveBeenSent)
        #expect(failure.description == "no connection to the proxy 127.0.0.1:1: Connection refused", "\(failure)")
    }

    @Test(arguments: [
        ("http://p:1", "p:1"), ("p", "p:8080"), ("HTTP://P", "P:8080"), ("socks5://p", "p:1080"),
        ("socks5h://p:9", "p:9"), ("http://[::1]:3", "[::1]:3"),
        ("http://u:p@h:1/", "h:1"),
    ])
    func `a proxy is a host and a port, the scheme in any case`(text: String, shown: String) {
        #expect(HTTPProxy(text)?.description == shown)
    }

    @Test(arguments: [
        "", "http://", "http://:8080", "http://p:0", "http://p:99999", "https://p:1", "ftp://p", "http://p/x",
        "socks5://u:p@h:1", "http://a b",
    ])
    func `H7 T27 what is no proxy is none`(text: String) { #expect(HTTPProxy(text) == nil) }
}
#endif
