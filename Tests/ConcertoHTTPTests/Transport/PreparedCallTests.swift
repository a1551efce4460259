#if HTTP
import ConcertoHTTP
import TestSupport
import Testing

@Suite(.oneAtATime)
struct PreparedCallTests {
    private func failure(_ call: HTTPCall) async -> HTTPFailure? {
        await #expect(throws: HTTPFailure.self) { try await AsyncHTTPClientTransport().send(call) }
    }

    @Test(arguments: [
        "GET /ok HTTP/1.1\r\nHost: x\r\n\r\nGET", "GE T", "", "GET\r\nX: 1", "GET\n", "G\u{0}T", "GÉT", "G:T",
        "CONNECT",
    ])
    func `H5 a method that is no token never reaches the wire`(method: String) async throws {
        try await RawServer.run({ _, _ in .ok("") }) { server in
            let failure = await failure(HTTPCall(method: method, url: server.url))
            #expect(failure?.kind == .invalid && failure?.mayHaveBeenSent == false && failure?.isLasting == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ("", "v"), ("A B", "v"), ("A\r\nB", "v"), ("A:", "v"), ("X", "a\r\nY: 1"), ("X", "a\nb"), ("X", "\u{0}"),
        ("X", "s3cr3t\u{1}"), ("s3cr3t s3cr3t", "v"),
        ("X", "\u{7F}"),
    ])
    func `H5 a header that could begin another is refused and not shown`(name: String, value: String) async throws {
        try await RawServer.run({ _, _ in .ok("") }) { server in
            let failure = await failure(HTTPCall(url: server.url, headers: [(name, value)]))
            #expect(failure?.kind == .invalid)
            #expect(failure?.description.contains("s3cr3t") == false)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:99999/", "https://127.0.0.1:65536/", "http://[::1]:99999/", "https://[::1]:4294967376/",
        "http://127.0.0.1:0/", "http://h:99999/",
    ])
    func `H2 a port that there is not is an invalid call, and ends no process`(url: String) async {
        #expect(await failure(HTTPCall(url: url))?.kind == .invalid)
    }

    @Test(arguments: [
        "http+unix://%2Ftmp%2Fx/", "unix:/tmp/x", "https+unix://%2Ftmp%2Fx/", "ftp://h/", "file:///x", "x", "",
    ])
    func `H17 a URL of another scheme fails when it is sent`(url: String) async {
        let call = HTTPCall(url: url)
        #expect(call.host == "")
        #expect(await failure(call)?.kind == .invalid)
    }

    @Test func `H17 user and password of a URL are sent as a header, unless there is one`() async throws {
        try await RawServer.run({ _, _ in .ok("") }) { server in
            let transport = AsyncHTTPClientTransport()
            let url = "http://us%40er:p%3Ass@127.0.0.1:\(server.port)/x?y"
            _ = try await transport.send(HTTPCall(url: url))
            _ = try await transport.send(HTTPCall(url: url, headers: [("authorization", "Bearer t")]))
            #expect(server.requests.map { $0.header("authorization") } == [["Basic dXNAZXI6cDpzcw=="], ["Bearer t"]])
            #expect(server.requests.map(\.target) == ["/x?y", "/x?y"])
            #expect(server.requests[0].header("host") == ["127.0.0.1:\(server.port)"])
        }
    }

    @Test(arguments: [
        ("/?q=%26|x", "/?q=%26%7Cx"), ("/?filter[a%20b]=1", "/?filter%5Ba%20b%5D=1"),
        ("/?q=%C3%BC ü", "/?q=%C3%BC%20%C3%BC"),
        ("/a%20b ü/%2F", "/a%20b%20%C3%BC/%2F"), ("?id=AUG|5f|x-$15&n=a%20b", "/?id=AUG%7C5f%7Cx-$15&n=a%20b"),
        ("/100%", "/100%25"),
        ("", "/"), ("/;a=b,c/'(x)'*!@:+~_-.", "/;a=b,c/'(x)'*!@:+~_-."), ("/%00%7f", "/%00%7f"), ("//a//b", "//a//b"),
    ])
    func `T7 what goes on the wire is the URL with illegal characters alone encoded`(path: String, target: String)
        async throws
    {
        try await RawServer.run({ _, _ in .ok("") }) { server in
            _ = try await AsyncHTTPClientTransport().send(HTTPCall(url: server.url + path))
            #expect(server.requests.map(\.target) == [target])
        }
    }
}
#endif
