#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

/// Rows whose calls are sent a second time, and hosts whose limits are found out.
@Suite(.oneAtATime)
struct BatchTailTests {
    let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func input(_ count: Int, method: String = "GET") throws {
        try setup.folder.write(
            "input", (1...count).map { "{\"method\":\"\(method)\",\"url\":\"http://h/\($0)\"}\n" }.joined())
    }

    /// One row in ten takes half a minute at its first attempt, every other call 20 ms.
    private func server() -> ScriptedTransport {
        setup.transport { [clock = setup.clock] call, attempt in
            let isSlow = attempt == 1 && call.url.hasSuffix("0")
            try await clock.sleep(for: isSlow ? .seconds(30) : .milliseconds(20))
            return .status(200)
        }
    }

    private func checkResults(_ count: Int, _ transport: ScriptedTransport) throws {
        let results = try setup.results()
        #expect(results.count == count)
        let attempts = Dictionary(transport.urls.map { ($0, 1) }, uniquingKeysWith: +)
        for number in 1...count {
            let result = try #require(results["\(number)"])
            #expect(result["status"] as? Int == 200)
            #expect(result["attempts"] as? Int == attempts["http://h/\(number)"])
        }
    }

    @Test func `a slow row is called twice and ends once, and what has lost writes nothing`() async throws {
        try input(300)
        let transport = server()
        let summary = try await setup.finish(
            setup.options {
                $0.concurrency = 16
                $0.hedge = .after(.milliseconds(200))
            }, transport)
        try checkResults(300, transport)
        #expect(summary.succeeded == 300 && summary.hedges == 30 && summary.retries.isEmpty)
        #expect(summary.attempts == 330 && transport.arrivals.count == 330)
        #expect(Double(setup.clock.now.nanoseconds) / 1e9 < 30)
        #expect(summary.text.contains("30 calls sent a second time"))
    }

    @Test func `slow is what is slower than most calls, once it is known how long they take`() async throws {
        try input(600)
        let transport = server()
        let summary = try await setup.finish(
            setup.options {
                $0.concurrency = 16
                $0.hedge = .percentile(0.85)
            }, transport)
        try checkResults(600, transport)
        // As many as the budget allows at most.
        #expect(summary.hedges > 20 && summary.hedges <= 220)
        #expect(summary.attempts == 600 + summary.hedges)
    }

    @Test func `rows that must not be called twice are called once`() async throws {
        try input(40, method: "POST")
        let transport = server()
        let summary = try await setup.finish(setup.options { $0.hedge = .after(.milliseconds(200)) }, transport)
        try checkResults(40, transport)
        #expect(summary.hedges == 0 && transport.arrivals.count == 40)
    }

    @Test func `a run that stops begins no second attempts`() async throws {
        try input(1)
        let transport = setup.transport { [clock = setup.clock] _, _ in
            try await clock.sleep(for: .seconds(30))
            return .status(200)
        }
        let run = try setup.run(setup.options { $0.hedge = .after(.seconds(1)) }, transport)
        let ended = Flag()
        let task = Task {
            defer { ended.set() }
            return try await run.run()
        }
        await drive(setup.clock) { transport.arrivals.count == 1 }
        run.stop(grace: .seconds(1_000))
        await drive(setup.clock) { ended.isSet }
        #expect(try await task.value.succeeded == 1)
        #expect(transport.arrivals.count == 1)
    }

    /// The host works on eight calls at a time; more make all of them slower.
    @Test func `the number of calls in flight is found out`() async throws {
        try input(3_000)
        let inFlight = Shared(0)
        let transport = setup.transport { [clock = setup.clock] _, _ in
            inFlight.change { $0 += 1 }
            defer { inFlight.change { $0 -= 1 } }
            let load = inFlight.value
            try await clock.sleep(for: .milliseconds(20 * max(1, (load + 7) / 8)))
            return .status(200)
        }
        let summary = try await setup.finish(
            setup.options {
                $0.concurrency = 200
                $0.findsConcurrency = true
            }, transport)
        #expect(summary.succeeded == 3_000)
        let limit = try #require(summary.limits["h:80"])
        #expect(limit >= 8 && limit <= 40)
        #expect(try #require(transport.mostInFlight["h:80"]) <= 60)
        #expect(summary.text.contains("found by -c auto"))
    }

    @Test(arguments: [
        ("p95", HedgeDelay.percentile(0.95)), ("p99.9", .percentile(0.999)), ("P50", .percentile(0.5)),
        ("300ms", .after(.milliseconds(300))), ("2s", .after(.seconds(2))),
    ])
    func `a hedge is a percentile or a time`(text: String, hedge: HedgeDelay) {
        guard case .percentile(let share) = hedge, case .percentile(let read)? = HedgeDelay(text) else {
            #expect(HedgeDelay(text) == hedge)
            return
        }
        #expect(abs(read - share) < 1e-9)
    }

    @Test(arguments: ["p", "p0", "p100", "p49", "fast", "", "p95%"])
    func `anything else is none`(text: String) {
        #expect(HedgeDelay(text) == nil || HedgeDelay(text)?.problem != nil)
    }

    @Test func `a hedge after no time at all is refused`() {
        let options = setup.options { $0.hedge = .after(.zero) }
        #expect(options.problems == ["hedge must be 1ms to 24h"])
    }

    @Test func `each call may have a second connection beside it`() {
        var options = setup.options { $0.concurrency = 400 }
        options.hedge = .after(.seconds(1))
        #expect(options.transportOptions.maximumPerHost == 800)
        #expect(DescriptorLimit.fit(&options, limit: 664) != nil)
        #expect(options.concurrency == 262)
    }
}
#endif
