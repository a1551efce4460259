#if Server
import Concerto
import ConcertoResilience
import ConcertoRuntime
import ConcertoServer
import ConcertoTesting
import Dispatch
import Hummingbird
import Logging
import Synchronization
import TestSupport
import Testing

@Suite struct BackgroundTests {
    private struct Broken: Error {}

    private let clock = ManualClock()
    private let events = Events()

    /// A kit whose end takes no time.
    private var kit: ServerKit { ServerKit { $0.drainDelay = .zero } }

    @Test func `51: work that throws is begun anew after 1, 2 and 4 s`() async throws {
        let (clock, events) = (clock, events)
        let start = clock.now
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)
        let service = BackgroundService("feed", restart: .after(backoff), clock: clock) {
            events.add("\(start.duration(to: clock.now))")
            if events.all.count < 4 { throw Broken() }
        }
        async let running: Void = service.run()
        for (runs, pause) in [(1, 1), (2, 2), (3, 4)] {
            await clock.sleepers()
            #expect(events.all.count == runs)
            clock.advance(by: .seconds(pause) - .nanoseconds(1))
            #expect(clock.pending == 1)
            clock.advance(by: .nanoseconds(1))
        }
        try await running
        #expect(events.all == ["0.0 seconds", "1.0 seconds", "3.0 seconds", "7.0 seconds"])
    }

    @Test func `51: pauses begin anew after work that went well for long enough`() async throws {
        let (clock, events) = (clock, events)
        let start = clock.now
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none)
        let restart = BackgroundService.Restart.after(backoff, resetAfter: .seconds(10))
        let service = BackgroundService("feed", restart: restart, clock: clock) {
            events.add("\(start.duration(to: clock.now))")
            if events.all.count == 3 { try await clock.sleep(for: .seconds(10)) }
            if events.all.count < 4 { throw Broken() }
        }
        async let running: Void = service.run()
        for wait in [1, 2, 10, 1] {
            await clock.sleepers()
            clock.advance(by: .seconds(wait))
        }
        try await running
        #expect(events.all == ["0.0 seconds", "1.0 seconds", "3.0 seconds", "14.0 seconds"])
    }

    @Test func `51: cancelled in its work or in a pause, a service ends without an error`() async throws {
        let (clock, events) = (clock, events)
        let working = BackgroundService("works", restart: .after(.constant(.seconds(1))), clock: clock) {
            events.add("works")
            do { try await clock.sleep(for: .seconds(5)) } catch { throw Broken() }
        }
        let pausing = BackgroundService("pauses", restart: .after(.constant(.seconds(7))), clock: clock) {
            throw Broken()
        }
        let tasks = [working, pausing].map { service in Task { try await service.run() } }
        await clock.sleepers(count: 2)
        for task in tasks { task.cancel() }
        for task in tasks { try await task.value }
        #expect(events.all == ["works"])
        #expect(clock.pending == 0)
    }

    @Test func `51: work that fails for good is named in the log, and the server ends in order`() async throws {
        let (events, opened) = (events, Latch())
        let log = Log()
        let router = TestRouter()
        router.get("hold") { _, _ in
            events.add("held")
            try await opened.wait()
            return "served to its end"
        }
        let service = BackgroundService("prices") {
            await until { events.contains("held") }
            throw Broken()
        }
        let error = await #expect(throws: BackgroundServiceError.self) {
            try await running(kit, router, background: [service], logger: log.logger) { port, _ in
                let answer = try await RawClient.with(port: port) { talk in
                    try await talk.send("GET /hold HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    await until { log.lines.contains { $0.contains("failed") } }
                    opened.open()
                    return await talk.readToEnd()
                }
                #expect(answer.hasSuffix("served to its end"))
            }
        }
        #expect(error?.service == "prices")
        #expect(error?.cause is Broken)
        #expect(log.lines.contains { $0.contains("A background service failed") && $0.contains("prices") })
    }

    @Test func `51: work that blocks before its first await delays nobody's start`() async throws {
        let (events, done) = (events, DispatchSemaphore(value: 0))
        // Synchronous, as code is that does not know it is called from a task.
        @Sendable func block() { withBlocking { done.wait() } }
        let service = BackgroundService("blocks") {
            events.add("blocking")
            // asynclint:ignore:next blocking-call-in-async/one-call-away — what is tested
            block()
        }
        let router = TestRouter()
        router.get("quick") { _, _ in "quick" }
        try await running(kit, router, background: [service]) { port, end in
            await until { events.contains("blocking") }
            let answer = try await RawClient.with(port: port) { talk in
                try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return await talk.readToEnd()
            }
            #expect(answer.hasSuffix("quick"))
            done.signal()
            await end()
        }
    }

    @Test func `work is there until the last request has been served, and is cancelled then`() async throws {
        let (events, opened) = (events, Latch())
        let service = BackgroundService("feed") {
            events.add("began")
            defer { events.add("ended") }
            try await Latch().wait()
        }
        let router = TestRouter()
        router.get("hold") { _, _ in
            events.add("held")
            try await opened.wait()
            events.add("served")
            return "served"
        }
        try await running(kit, router, background: [service]) { port, end in
            _ = try await RawClient.with(port: port) { talk in
                try await talk.send("GET /hold HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                await until { events.contains("held") && events.contains("began") }
                await end()
                opened.open()
                return await talk.readToEnd()
            }
        }
        #expect(events.all.suffix(2) == ["served", "ended"])
    }
}

/// Keeps what is logged.
private final class Log: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: Log
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(log: Log) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.kept.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
#endif
