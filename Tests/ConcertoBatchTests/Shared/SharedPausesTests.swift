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

    @Test func `a pause is told for what is left of it, however long the store was away`() async throws {
        let clock = ManualClock()
        let client = try Self.client(clock)
        let pauses = SharedPauses(clock: clock)
        pauses.watch(client)
        client.pause(Self.host, for: .seconds(60))
        let told = Guarded<[[String: Duration]]>([])
        let store = StubSharedStore(flush: { flush in
            let count = told.withLock { told in
                told.append(flush.pauses)
                return told.count
            }
            if count < 3 { throw SharedStoreAway("it restarts", mayBeDone: false) }
            return ChunkFlush.Answer(run: .open)
        })
        let run = SharedRun(id: 1, name: "night", state: .open, priority: 0, rows: 1, options: [])
        let journal = ChunkJournal(
            store: store, run: run, worker: SharedWorkerName(id: "a", host: "a"), lease: .seconds(300), clock: clock,
            pauses: pauses, notice: { _ in }, ended: {})
        let row = SharedRow(number: 1, line: 1, text: [])
        _ = journal.hold(ChunkClaim(chunk: 1, fence: 1, attempts: 1, rows: [row]), asked: clock.now)
        journal.close()
        let executor = ManualExecutor()
        let flushes = executor.task { try await journal.run() }
        for gone in [Duration.seconds(20), .seconds(50)] {
            executor.runUntilIdle()
            clock.advance(by: gone)
        }
        executor.runUntilIdle()
        try await flushes.value
        #expect(told.withLock { $0 } == [[Self.host: .seconds(60)], [Self.host: .seconds(40)], [:]])
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
