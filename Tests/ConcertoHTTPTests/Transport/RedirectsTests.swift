#if HTTP
import NIOHTTP1
import Testing

@testable import ConcertoHTTP

struct RedirectsTests {
    private func next(
        _ status: Int, _ location: String, of call: HTTPCall, rule: RedirectRule = RedirectRule()
    ) throws -> HTTPCall? {
        var redirects = Redirects(rule)
        return try redirects.next(after: HTTPReply(status: status, headers: ["Location": location]), to: call)
    }

    private func refusal(of location: String) -> HTTPFailure? {
        #expect(throws: HTTPFailure.self) { try next(302, location, of: HTTPCall(url: "http://a/x")) }
    }

    @Test(arguments: [
        ("/y", "http://a/y"), ("y?z", "http://a/p/y?z"), ("?q", "http://a/p/x?q"), ("//b/y", "http://b/y"),
        ("../y", "http://a/y"),
        ("https://b:8/y", "https://b:8/y"), ("/a b/%2F|ü", "http://a/a%20b/%2F%7C%C3%BC"), (" /y ", "http://a/y"),
        ("HTTP://b/", "http://b/"), ("/y#f", "http://a/y"), ("./y:z", "http://a/p/y:z"),
    ])
    func `T24 a Location is resolved against the URL that was called`(location: String, url: String) throws {
        let next = try #require(try next(302, location, of: HTTPCall(url: "http://a/p/x?old")))
        #expect(try HTTPAddress(next.url).url.lowercased() == url.lowercased())
        #expect(next.host == (try HTTPAddress(url).host))
    }

    @Test(arguments: [
        (301, "GET", "GET"), (302, "GET", "GET"), (303, "GET", "GET"), (307, "GET", "GET"), (308, "GET", "GET"),
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"),
        (301, "PUT", "PUT"), (302, "PUT", "PUT"), (303, "PUT", "GET"), (307, "PUT", "PUT"), (303, "HEAD", "HEAD"),
        (302, "HEAD", "HEAD"),
    ])
    func `T24 method and body stay, or become a GET without one`(status: Int, method: String, then: String) throws {
        let call = HTTPCall(
            method: method, url: "http://a/x", headers: [("Content-Type", "text/plain"), ("X", "1")],
            body: method == "GET" || method == "HEAD" ? nil : [1])
        let next = try #require(try next(status, "/y", of: call))
        #expect(next.method == then)
        #expect((next.body == nil) == (then == "GET" || then == "HEAD"))
        #expect(next.hasHeader("content-type") == (method == then) && next.hasHeader("x"))
    }

    @Test(arguments: [200, 300, 304, 305, 306, 404]) func `other statuses are answers`(status: Int) throws {
        #expect(try next(status, "/y", of: HTTPCall(url: "http://a/x")) == nil)
    }

    @Test func `a redirect without a Location is an answer`() throws {
        var redirects = Redirects(RedirectRule())
        #expect(try redirects.next(after: HTTPReply(status: 302), to: HTTPCall(url: "http://a/x")) == nil)
    }

    @Test(arguments: ["http://b/y", "https://a/y", "http://a:81/y", "//b/y"])
    func `H8 T8 no secret goes to another origin`(location: String) throws {
        let secret = [
            "Authorization", "Cookie", "X-Api-Key", "Api-Key", "Proxy-Authorization", "PRIVATE-TOKEN",
            "Ocp-Apim-Subscription-Key", "X-Mine",
        ]
        let open = ["Accept", "User-Agent", "Idempotency-Key", "X-Trace"]
        let call = HTTPCall(url: "http://a/x", headers: (secret + open + ["Host", "Origin"]).map { ($0, "v") })
        let next = try #require(try next(307, location, of: call, rule: RedirectRule(secretHeaders: ["x-mine"])))
        #expect(next.headers.map(\.name) == open)
    }

    @Test func `within its origin every header stays`() throws {
        let call = HTTPCall(url: "http://a:80/x", headers: [("Authorization", "v"), ("Host", "v")])
        #expect(try next(302, "http://A/y", of: call)?.headers.count == 2)
    }

    @Test(arguments: [
        ("ftp://b/", "scheme"), ("file:///etc/passwd", "scheme"), ("unix:/x", "scheme"),
        ("http+unix://%2Ftmp%2Fs/", "scheme"),
        ("javascript:alert(1)", "scheme"), ("http://127.0.0.1:99999/", "port"), ("http://[::1]:99999/", "port"),
        ("//127.0.0.1:65536/", "port"),
        ("http://", "no URL"), ("http:///x", "no URL"), ("http://a b/", "no URL"), ("", "no URL"),
    ])
    func `H2 T24 a Location that cannot be called fails the call for good`(location: String, word: String) throws {
        let failure = try #require(refusal(of: location))
        #expect(failure.kind == .redirect && failure.isLasting && failure.mayHaveBeenSent)
        #expect(failure.description.contains(word), "\(failure)")
    }

    @Test func `H10 a circle and one redirect too many end the call`() throws {
        var circle = Redirects(RedirectRule())
        var call = HTTPCall(url: "http://a/1")
        call = try #require(try circle.next(after: HTTPReply(status: 302, headers: ["Location": "/2"]), to: call))
        #expect(throws: HTTPFailure.self) {
            try circle.next(after: HTTPReply(status: 302, headers: ["Location": "/1"]), to: call)
        }
        var long = Redirects(RedirectRule(limit: 3))
        call = HTTPCall(url: "http://a/0")
        for number in 1...3 {
            call = try #require(
                try long.next(after: HTTPReply(status: 302, headers: ["Location": "/\(number)"]), to: call))
        }
        #expect(throws: HTTPFailure.self) {
            try long.next(after: HTTPReply(status: 302, headers: ["Location": "/4"]), to: call)
        }
    }

    @Test func `a POST that is sent on to its own URL by GET makes no circle`() throws {
        let call = HTTPCall(method: "POST", url: "http://a/x", body: [1])
        #expect(try next(303, "/x", of: call)?.method == "GET")
    }
}
#endif
