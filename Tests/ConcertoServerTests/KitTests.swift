#if Server
import Concerto
import ConcertoResilience
import ConcertoServer
import ConcertoTesting
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing

@Suite struct KitTests {
    private struct Secret: Error {}

    /// Requests over one connection; each answer as text.
    private func ask(
        _ kit: ServerKit, _ router: TestRouter, _ requests: [String],
        _ meanwhile: @escaping @Sendable () async -> Void = {}
    ) async throws -> [String] {
        try await serving(kit, .http1, router) { port in
            async let other: Void = meanwhile()
            var answers: [String] = []
            for request in requests {
                answers.append(
                    try await RawClient.with(port: port) { talk in
                        try await talk.send(request + "Host: a\r\nConnection: close\r\n\r\n")
                        return await talk.readToEnd()
                    })
            }
            await other
            return answers
        }
    }

    private func router(_ kit: ServerKit) -> TestRouter {
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        return router
    }

    // MARK: Deadlines

    @Test func `18: a route's deadline answers 504 as problem details, and cancels the handler with its reason`()
        async throws
    {
        let events = Events()
        let clock = ManualClock()
        let kit = ServerKit {
            $0.deadline = .seconds(1)
            $0.clock = clock
        }
        let router = router(kit)
        router.get("sleep") { _, _ in try await sleepLong(events) }
        let answers = try await ask(kit, router, ["GET /sleep HTTP/1.1\r\n"]) {
            await until { events.contains("started") }
            clock.advance(by: .seconds(1))
        }
        #expect(answers[0].hasPrefix("HTTP/1.1 504"))
        #expect(answers[0].contains("application/problem+json"))
        #expect(answers[0].contains("\"status\":504"))
        #expect(events.all == ["started", "cancelled: deadline"])
        #expect(kit.statistics.deadlines == 1)
        #expect(kit.statistics.cancelled == 0)
    }

    @Test func `18: the connection serves the next request after a deadline`() async throws {
        let events = Events()
        let clock = ManualClock()
        let kit = ServerKit { $0.clock = clock }
        let router = router(kit)
        router.get("sleep") { _, _ in try await sleepLong(events) }
        router.get("quick") { _, _ in "quick \(Task.isCancelled)" }
        try await serving(kit, .http1, router) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { events.contains("started") }
                clock.advance(by: .seconds(30))
                #expect(try await talk.read(until: "}").contains("504"))
                try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await talk.read(until: "quick").hasSuffix("quick false"))
            }
        }
    }

    @Test func `19: a value that comes after the deadline is sent, and counted as late`() async throws {
        let clock = ManualClock()
        let kit = ServerKit { $0.clock = clock }
        let router = router(kit)
        router.get("late") { _, _ in
            clock.advance(by: .seconds(31))
            return "late"
        }
        let answers = try await ask(kit, router, ["GET /late HTTP/1.1\r\n"])
        #expect(answers[0].hasSuffix("late"))
        #expect(kit.statistics.lateAnswers == 1)
    }

    @Test func `20: a deadline in the middle of a stream ends the connection without an end of the body`() async throws
    {
        let events = Events()
        let clock = ManualClock()
        let kit = ServerKit { $0.clock = clock }
        let router = router(kit)
        router.get("stream") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "first"))
                    _ = try await sleepLong(events)
                })
        }
        let answers = try await ask(kit, router, ["GET /stream HTTP/1.1\r\n"]) {
            await until { events.contains("started") }
            clock.advance(by: .seconds(30))
        }
        #expect(answers[0].contains("first"))
        #expect(!answers[0].hasSuffix("0\r\n\r\n"))
        #expect(answers[0].components(separatedBy: "HTTP/1.1").count == 2)
        #expect(events.all == ["started", "cancelled: deadline"])
    }

    @Test func `21: a caller makes a route's deadline shorter, never longer, and what makes no sense is counted`()
        async throws
    {
        let kit = ServerKit {
            $0.deadline = .seconds(1)
            $0.clock = ManualClock()
            $0.route("/none") { $0.deadline = .none }
            $0.route("/long") { $0.deadline = .at(.seconds(90)) }
        }
        let router = router(kit)
        for route in ["left", "none", "long"] {
            router.get("\(route)") { _, _ in "left \(RequestScope.current.remaining.map { "\($0)" } ?? "nil")" }
        }
        func request(_ header: String, _ path: String = "left") -> String { "GET /\(path) HTTP/1.1\r\n\(header)" }
        let answers = try await ask(
            kit, router,
            [
                request(""), request("x-request-timeout-ms: 300\r\n"), request("x-request-timeout-ms: 36000000\r\n"),
                request("grpc-timeout: 20m\r\n"), request("grpc-timeout: 1H\r\n"),
                request("x-request-timeout-ms: abc\r\n"), request("x-request-timeout-ms: -5\r\n"),
                request("x-request-timeout-ms: 99999999999999999999\r\n"), request("", "none"), request("", "long"),
                request("x-request-timeout-ms: 0\r\n"),
            ])
        let left = answers.map { $0.components(separatedBy: "left ").last ?? "" }
        #expect(left[0] == "1.0 seconds")
        #expect(left[1] == "0.3 seconds")
        #expect(left[2] == "1.0 seconds")
        #expect(left[3] == "0.02 seconds")
        #expect(left[4] == "1.0 seconds")
        #expect(left[5...7] == ["1.0 seconds", "1.0 seconds", "1.0 seconds"])
        #expect(left[8] == "nil")
        #expect(left[9] == "90.0 seconds")
        #expect(answers[10].hasPrefix("HTTP/1.1 504"))
        #expect(kit.statistics.badDeadlineHeaders == 3)
    }

    @Test func `24: time in the queue counts against the deadline`() async throws {
        let clock = ManualClock()
        let opened = Latch()
        let events = Events()
        let kit = ServerKit {
            $0.deadline = .seconds(1)
            $0.clock = clock
            $0.admission = .concurrency(1, queue: 1)
        }
        let router = router(kit)
        router.get("hold") { _, _ in
            events.add("held")
            try await opened.wait()
            return "held"
        }
        router.get("left") { _, _ in "left \(RequestScope.current.remaining ?? .zero)" }
        try await serving(kit, .http1, router) { port in
            async let first = RawClient.with(port: port) { talk in
                try await talk.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await talk.read(until: "held")
            }
            await until { events.contains("held") }
            async let second = RawClient.with(port: port) { talk in
                try await talk.send("GET /left HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await talk.read(until: "seconds")
            }
            await until { kit.waiting == 1 }
            clock.advance(by: .milliseconds(400))
            opened.open()
            let (held, left) = try await (first, second)
            #expect(held.hasSuffix("held"))
            #expect(left.hasSuffix("left 0.6 seconds"))
        }
    }

    @Test func `25: a policy for a route that does not exist is refused, with the route's name`() throws {
        let kit = ServerKit { $0.route("/order") { $0.deadline = .none } }
        let router = router(kit)
        router.get("orders") { _, _ in "" }
        #expect(throws: ArgumentError.self) { try kit.check(router) }
        router.get("order") { _, _ in "" }
        try kit.check(router)
    }

    // MARK: Admission

    @Test func `27: what neither runs nor waits is refused at once with Retry-After`() async throws {
        let opened = Latch()
        let events = Events()
        let kit = ServerKit { $0.admission = .concurrency(2, queue: 3) }
        let router = router(kit)
        router.get("hold") { _, _ in
            events.add("began")
            try await opened.wait()
            return "held"
        }
        try await serving(kit, .http1, router) { port in
            let ask: @Sendable () async throws -> String = {
                try await RawClient.with(port: port) { talk in
                    try await talk.send("GET /hold HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    return await talk.readToEnd()
                }
            }
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<5 { group.addTask { try await ask() } }
                await until { kit.waiting == 3 && events.count("began") == 2 }
                let sixth = try await ask()
                #expect(sixth.hasPrefix("HTTP/1.1 503"))
                #expect(sixth.contains("Retry-After: 1"))
                // 32: probes are answered while everything else is refused.
                let live = try await RawClient.with(port: port) { talk in
                    try await talk.send("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                    return try await talk.read(until: "live\n")
                }
                #expect(live.hasPrefix("HTTP/1.1 200"))
                opened.open()
                for try await answer in group { #expect(answer.hasSuffix("held")) }
            }
        }
        #expect(kit.statistics.shed == 1)
    }

    @Test func `29: beyond the rate a client gets 429 with the exact Retry-After, and every answer tells what is left`()
        async throws
    {
        let clock = ManualClock()
        let kit = ServerKit {
            $0.clock = clock
            $0.rateLimit = RequestRateLimit(.fixedWindow(2, per: .seconds(60)))
        }
        let router = router(kit)
        router.get("x") { _, _ in "x" }
        let request = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let answers = try await serving(kit, .http1, router) { port in
            var answers: [String] = []
            for _ in 0..<3 {
                answers.append(
                    try await RawClient.with(port: port) { talk in
                        try await talk.send(request)
                        return await talk.readToEnd()
                    })
                // The window began with the first request.
                if answers.count == 1 { clock.advance(by: .seconds(15)) }
            }
            return answers
        }
        #expect(answers[0].contains("RateLimit-Limit: 2"))
        #expect(answers[0].contains("RateLimit-Remaining: 1"))
        #expect(answers[1].contains("RateLimit-Remaining: 0"))
        #expect(answers[2].hasPrefix("HTTP/1.1 429"))
        #expect(answers[2].contains("Retry-After: 45"))
        #expect(answers[2].contains("RateLimit-Reset: 45"))
    }

    @Test func `31: only what trusted proxies have written tells clients apart`() async throws {
        let kit = ServerKit {
            $0.rateLimit = RequestRateLimit(.fixedWindow(1, per: .seconds(600)), by: .peer(trustedHops: 1))
        }
        let router = router(kit)
        router.get("x") { _, _ in "x" }
        func from(_ forwarded: String) -> String { "GET /x HTTP/1.1\r\nX-Forwarded-For: \(forwarded)\r\n" }
        let answers = try await ask(
            kit, router,
            [
                from("1.1.1.1"), from("9.9.9.9, 1.1.1.1"), from("1.1.1.1, 2.2.2.2"), from("2001:db8::1"),
                from("2001:db8::2"), from("2001:db8:0:1::2"),
            ])
        #expect(answers.map { $0.hasPrefix("HTTP/1.1 200") } == [true, false, true, true, false, true])
    }

    // MARK: Problems

    @Test func `52: nothing of an unforeseen error's text is told`() async throws {
        let kit = ServerKit()
        let router = router(kit)
        router.get("fails") { _, _ -> String in throw Secret() }
        router.head("fails") { _, _ -> String in throw Secret() }
        router.get("told") { _, _ -> String in throw Problem(.conflict, detail: "\"sold\" out") }
        let answers = try await ask(
            kit, router,
            [
                "GET /fails HTTP/1.1\r\n", "GET /fails HTTP/1.1\r\nAccept: text/html\r\n", "HEAD /fails HTTP/1.1\r\n",
                "GET /told HTTP/1.1\r\n", "GET /nowhere HTTP/1.1\r\n",
            ])
        #expect(answers[0].hasPrefix("HTTP/1.1 500"))
        #expect(answers[0].contains("application/problem+json"))
        #expect(answers[0].contains("\"requestId\":"))
        #expect(!answers[0].contains("Secret"))
        #expect(answers[1].contains("text/plain"))
        #expect(answers[1].hasSuffix("500 Internal Server Error\n"))
        #expect(answers[2].hasSuffix("\r\n\r\n"))
        #expect(answers[2].contains("Content-Length: ") && !answers[2].contains("Content-Length: 0"))
        #expect(answers[3].contains("409") && answers[3].contains(#""detail":"\"sold\" out""#))
        #expect(answers[4].hasPrefix("HTTP/1.1 404"))
        #expect(answers[4].contains("\"status\":404"))
        #expect(kit.statistics.failures == 3)
    }

    @Test func `13: a route that outlives its client runs to its end`() async throws {
        let events = Events()
        let kit = ServerKit { $0.route("/export") { $0.outlivesClient = true } }
        let router = router(kit)
        router.get("export") { _, _ in
            let scope = RequestScope.current
            events.add("started")
            await until { scope.reason == .clientClosed }
            events.add("exported, cancelled: \(Task.isCancelled)")
            return "done"
        }
        try await serving(kit, .http1, router) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { events.contains("started") }
                await talk.close()
                await until { events.contains("exported, cancelled: false") }
            }
            await until { kit.statistics.cancelled == 1 }
        }
    }

    // MARK: Life

    @Test func `50: a check runs once for all who probe, and one that hangs fails alone`() async throws {
        let clock = ManualClock()
        let events = Events()
        let kit = ServerKit {
            $0.clock = clock
            $0.health.checks["good"] = { events.add("good") }
            $0.health.checks["hangs"] = {
                events.add("hangs")
                try await Task.sleep(for: .seconds(200))
            }
        }
        let router = router(kit)
        try await serving(kit, .http1, router) { port in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await RawClient.with(port: port) { talk in
                            try await talk.send("GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                            let answer = await talk.readToEnd()
                            events.add("answered")
                            return answer
                        }
                    }
                }
                await until { kit.statistics.started == 20 && events.contains("hangs") }
                await drive(clock) { events.count("answered") == 20 }
                for try await answer in group {
                    #expect(answer.hasPrefix("HTTP/1.1 503"))
                    #expect(answer.hasSuffix("good: healthy\nhangs: unhealthy\n"))
                }
            }
        }
        #expect(events.count("good") == 1)
        #expect(events.count("hangs") == 1)
    }

    @Test func `47, 49: at its end a server is not ready, says Connection: close, ends streams, then its listener`()
        async throws
    {
        let clock = ManualClock()
        let events = Events()
        let kit = ServerKit { $0.clock = clock }
        let router = router(kit)
        router.get("quick") { _, _ in "quick" }
        router.get("events") { _, _ in
            events.add("streaming")
            return Response.serverSentEvents(AsyncStream<ServerSentEventMessage> { _ in })
        }
        try await running(kit, router) { port, end in
            async let stream = RawClient.with(port: port) { talk in
                try await talk.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await talk.read(until: "0\r\n\r\n")
            }
            await until { events.contains("streaming") }
            let ready = try await probe(port)
            #expect(ready.hasPrefix("HTTP/1.1 200"))
            await end()
            // Ends by the drain, not by the clock: nobody moves it.
            let ended = try await stream
            #expect(ended.hasSuffix("0\r\n\r\n"))
            #expect(try await probe(port).hasPrefix("HTTP/1.1 503"))
            let quick = try await RawClient.with(port: port) { talk in
                try await talk.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
                return await talk.readToEnd()
            }
            #expect(quick.contains("onnection: close"))
            #expect(quick.hasSuffix("quick"))
            await drive(clock) { kit.hasDrained }
        }
    }

    @Test func `48: what is still served at the drain's limit is cancelled, and knows why`() async throws {
        let clock = ManualClock()
        let events = Events()
        let kit = ServerKit {
            $0.clock = clock
            $0.deadline = nil
        }
        let router = router(kit)
        router.get("sleep") { _, _ in try await sleepLong(events) }
        try await running(kit, router) { port, end in
            async let answer = RawClient.with(port: port) { talk in
                try await talk.send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
                return await talk.readToEnd()
            }
            await until { events.contains("started") }
            await end()
            await until { kit.statistics.isDraining }
            await drive(clock) { events.all.count == 2 }
            _ = try await answer
        }
        #expect(events.all == ["started", "cancelled: shutdown"])
    }

    private func probe(_ port: Int) async throws -> String {
        try await RawClient.with(port: port) { talk in
            try await talk.send("GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return await talk.readToEnd()
        }
    }
}
#endif
