#if HTTP
import Concerto
import ConcertoTesting
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoHTTP

@Suite(.oneAtATime)
struct RateHeadersTests {
    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    private func reply(_ headers: [(String, String)], status: Int = 429) -> HTTPReply {
        HTTPReply(status: status, headers: HTTPHeaders(headers + [("Date", Self.date)]))
    }

    @Test(arguments: [
        ([("retry-after-ms", "250")], Duration.milliseconds(250)),
        ([("Retry-After", "9"), ("retry-after-ms", "250")], .milliseconds(250)),
        ([("Retry-After", "9"), ("x-ratelimit-reset-requests", "6m0s")], .seconds(9)),
        ([("x-ratelimit-reset-requests", "6m0s")], .seconds(360)),
        ([("x-ratelimit-reset-requests", "20ms"), ("x-ratelimit-reset-tokens", "1.5s")], .milliseconds(1_500)),
        ([("anthropic-ratelimit-tokens-reset", "1994-11-06T08:50:07Z")], .seconds(30)),
        ([("X-RateLimit-Reset", "784111787")], .seconds(10)), ([("X-Rate-Limit-Reset", "7")], .seconds(7)),
        ([("RateLimit", "\"a\";r=50;t=30, \"b\";r=0;t=5")], .seconds(5)),
        ([("RateLimit", "limit=100, remaining=0, reset=4")], .seconds(4)),
        ([("RateLimit-Reset", "3")], .seconds(3)),
    ])
    func `B44: a refusal's headers tell how long, the most exact first, of several limits the latest that is used up`(
        headers: [(String, String)], wait: Duration
    ) {
        #expect(RateHeaders.wish(of: reply(headers)) == wait)
    }

    @Test(arguments: [
        [("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "5")], [("x-ratelimit-reset", "soon")],
        [("retry-after-ms", "-3")], [("RateLimit", "\"a\";r=-1;t=-4")], [],
    ])
    func `B44: nonsense is left out`(headers: [(String, String)]) {
        #expect(RateHeaders.wish(of: reply(headers)) == nil)
        #expect(RateHeaders.rest(of: reply(headers, status: 200)) == nil)
    }

    @Test func `an answer that says that something remains asks for nothing`() {
        let headers = [("x-ratelimit-remaining-requests", "59"), ("x-ratelimit-reset-requests", "6m0s")]
        #expect(RateHeaders.rest(of: reply(headers, status: 200)) == nil)
        let used = headers + [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "2s")]
        #expect(RateHeaders.rest(of: reply(used, status: 200)) == .seconds(2))
        #expect(RateHeaders.wish(of: reply(used)) == .seconds(2))
    }

    @Test(arguments: [true, false])
    func `an answer after which nothing remains closes the gate until the reset, where headers are believed`(
        believes: Bool
    ) async throws {
        let clock = ManualClock()
        let transport = ScriptedTransport(clock: clock) { _, _ in
            HTTPReply(status: 200, headers: ["x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"])
        }
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.timeout = .seconds(10_000)
        options.readsRateHeaders = believes
        let client = try ResilientHTTPClient(transport: transport, options: options)
        let ended = Flag()
        let calls = Task {
            defer { ended.set() }
            for path in ["1", "2"] { _ = try await client.execute(HTTPCall(url: "http://a/\(path)")) }
        }
        await drive(clock) { ended.isSet }
        try await calls.value
        let times = transport.arrivals.map { Double($0.time.nanoseconds) / 1e9 }
        #expect(times == (believes ? [0, 30] : [0, 0]))
    }
}
#endif
