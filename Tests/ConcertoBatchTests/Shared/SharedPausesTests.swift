#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

/// What workers of a shared run tell each other of hosts that want to be left alone.
@Suite struct SharedPausesTests {
    private static let host = "api.example:80"

    private static func client(_ clock: ManualClock) throws -> ResilientHTTPClient {
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.maxRetries = 0
        let transport = ScriptedTransport(clock: clock) { _, _ in
            HTTPReply(status: 429, headers: ["retry-after": "60"])
        }
        return try ResilientHTTPClient(transport: transport, options: options)
    }

    @Test func `a pause that one has met is another's too, and is told once`() async throws {
        let clock = ManualClock()
        let (first, second) = (try Self.client(clock), try Self.client(clock))
        let (told, heard) = (SharedPauses(clock: clock), SharedPauses(clock: clock))
        told.watch(first)
        heard.watch(second)
        #expect(told.news().isEmpty)
        let reply = try await first.execute(HTTPCall(url: "http://api.example/"))
        #expect(reply.status == 429)
        let host = try #require(first.hostStatistics.keys.first)
        #expect(told.news() == [host: .seconds(60)])
        clock.advance(by: .seconds(1))
        // As the store says it: to everybody, the one that has told it too.
        for pauses in [told, heard] { pauses.hear([host: .seconds(59)]) }
        #expect(second.hostStatistics[host]?.pausedUntil == clock.now.advanced(by: .seconds(59)))
        #expect(told.news().isEmpty && heard.news().isEmpty, "what has been heard is no news")
        clock.advance(by: .seconds(59))
        #expect(second.hostStatistics[host]?.pausedUntil == nil)
    }

    @Test func `a pause is no longer than this worker allows`() throws {
        let clock = ManualClock()
        let client = try Self.client(clock)
        let pauses = SharedPauses(clock: clock)
        pauses.watch(client)
        pauses.hear([Self.host: .seconds(1_000_000)])
        let longest = ResilientHTTPClientOptions().maxRetryAfter
        #expect(client.hostStatistics[Self.host]?.pausedUntil == clock.now.advanced(by: longest))
    }
}
#endif
