#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoTesting
import TestSupport
import Testing

struct HTTPCallTests {
    @Test(arguments: [
        ("http://a.example/x", "a.example:80"), ("https://A.Example", "a.example:443"), ("HTTP://a:8080/?q", "a:8080"),
        ("http://user:word@a/x", "a:80"), ("ftp://a/x", ""), ("/x", ""), ("", ""), ("http:///x", ""),
    ])
    func itsHostIsThatOfItsURL(url: String, host: String) {
        #expect(HTTPCall(url: url).host == host)
        #expect(HTTPCall(url: url, host: "other:1").host == "other:1")
    }

    @Test func aCallNeedsNoDelegate() async throws {
        let transport = ScriptedTransport(clock: ManualClock()) { call, _ in
            .status(call.url.hasSuffix("1") ? 200 : 404)
        }
        let client = try ResilientHTTPClient(transport: transport)
        #expect(try await client.execute(HTTPCall(url: "http://a/1")).status == 200)
        #expect(try await client.execute(HTTPCall(url: "http://a/2")).status == 404)
        #expect(transport.arrivals.map(\.host) == ["a:80", "a:80"])
    }
}
#endif
