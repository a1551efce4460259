#if Server
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoServer
import ConcertoTesting
import HTTPTypes
import Hummingbird
import NIOHTTP1
import TestSupport
import Testing

@Suite struct PriorityTests {
    /// Routes `/critical`, `/normal`, `/sheddable`, which wait until they are let go.
    private func router(_ kit: ServerKit, _ events: Events, _ opened: Latch) -> TestRouter {
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        for name in ["critical", "normal", "sheddable"] {
            router.get("\(name)") { _, _ in
                events.add(name)
                try await opened.wait()
                return name
            }
        }
        return router
    }

    private func options(_ options: inout ServerKitOptions) {
        options.deadline = nil
        options.route("/critical") { $0.priority = .critical }
        options.route("/sheddable") { $0.priority = .sheddable }
    }

    private func ask(_ port: Int, _ path: String) async throws -> String {
        try await RawClient.with(port: port) { talk in
            try await talk.send("GET /\(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return await talk.readToEnd()
        }
    }

    /// Which of `requests`, one after the other, are served; the others are refused at once.
    private func admitted(_ admission: Admission, _ requests: [String]) async throws -> [Bool] {
        let (events, opened) = (Events(), Latch())
        let kit = ServerKit { options in
            self.options(&options)
            options.admission = admission
        }
        return try await serving(kit, .http1, router(kit, events, opened)) { port in
            try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
                for (number, path) in requests.enumerated() {
                    group.addTask {
                        let answer = try await self.ask(port, path)
                        events.add("answered")
                        return (number, answer.hasPrefix("HTTP/1.1 200"))
                    }
                    // Served, or refused.
                    await until { events.all.count == number + 1 }
                }
                opened.open()
                var served = [Bool](repeating: false, count: requests.count)
                for try await (number, isServed) in group { served[number] = isServed }
                return served
            }
        }
    }

    @Test func `36: a fifth of the permits is kept for critical requests, and what can be spared goes first`()
        async throws
    {
        // Eight for everybody, of which the sheddable may begin only while fewer than four fifths are in use; two are kept.
        let seven = [String](repeating: "normal", count: 7)
        let requests = seven + ["sheddable", "normal", "normal", "critical", "critical", "critical"]
        let served = try await admitted(.concurrency(10), requests)
        #expect(
            served == [Bool](repeating: true, count: 7) + [false, true, false, true, true, false], "\(served)")
    }

    @Test func `36: critical requests take what is free first, so that the reserve stays for later ones`() async throws
    {
        let served = try await admitted(
            .concurrency(5), ["critical", "critical", "critical", "critical", "normal", "critical", "critical"])
        #expect(served == [true, true, true, true, false, true, false], "\(served)")
    }

    @Test func `36: with adaptive admission a fifth of all comes on top of what was found out`() async throws {
        var limits = AdaptiveLimiterOptions()
        limits.initial = 4
        let served = try await admitted(
            .adaptive(limits), ["normal", "normal", "normal", "sheddable", "normal", "normal", "critical", "critical"])
        #expect(served[3] == true)
        #expect(served == [true, true, true, true, false, false, true, false], "\(served)")
    }

    @Test func `36: a critical request does not wait behind those that wait`() async throws {
        let (events, opened) = (Events(), Latch())
        let kit = ServerKit { options in
            self.options(&options)
            options.admission = .concurrency(2, queue: 5)
        }
        try await serving(kit, .http1, router(kit, events, opened)) { port in
            async let first = ask(port, "normal")
            await until { events.contains("normal") }
            async let second = ask(port, "normal")
            await until { kit.waiting == 1 }
            async let third = ask(port, "critical")
            await until { events.contains("critical") }
            #expect(events.all == ["normal", "critical"])
            opened.open()
            let answers = try await [first, second, third]
            #expect(answers.allSatisfy { $0.hasPrefix("HTTP/1.1 200") })
        }
    }

    // MARK: Case 22

    @Test func `22: what is left of a request's time is told to whom it calls; with nothing left nobody is called`()
        async throws
    {
        let (clock, events) = (ManualClock(), Events())
        let transport = ScriptedTransport(clock: clock) { call, _ in
            events.add(call.headers.first { $0.name == "x-request-timeout-ms" }?.value ?? "nothing")
            return .status(200)
        }
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.deadlineHeader = "x-request-timeout-ms"
        let client = try ResilientHTTPClient(transport: transport, options: options)
        let kit = ServerKit {
            $0.clock = clock
            $0.route("/none") { $0.deadline = .none }
        }
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        let call: @Sendable (Request, BasicRequestContext) async throws -> String = { _, _ in
            clock.advance(by: .milliseconds(100))
            _ = try await client.execute(HTTPCall(url: "http://inner.test/"))
            return "called"
        }
        router.get("some", use: call)
        router.get("none", use: call)
        router.get("late") { _, _ in
            clock.advance(by: .seconds(30))
            // What the client says when nothing is left, whatever becomes of the task.
            do {
                _ = try await withTaskCancellationShield {
                    try await client.execute(HTTPCall(url: "http://inner.test/"))
                }
                return "called"
            } catch {
                events.add("\(error is TimeoutError)")
                throw error
            }
        }
        try await serving(kit, .http1, router) { port in
            for path in ["some", "late", "none"] { _ = try await ask(port, "\(path)", "x-request-timeout-ms: 300\r\n") }
        }
        #expect(events.all == ["200", "true", "30000"], "30 s is the attempt's own time")
        #expect(transport.arrivals.count == 2)
    }

    private func ask(_ port: Int, _ path: String, _ headers: String) async throws -> String {
        try await RawClient.with(port: port) { talk in
            try await talk.send("GET /\(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(headers)\r\n")
            return await talk.readToEnd()
        }
    }
}
#endif
