#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoTesting
import TestSupport
import Testing

/// Calls that are sent a second time while the first attempt is under way.
@Suite(.oneAtATime)
struct HedgedCallTests {
    private let clock = ManualClock()

    private func client(
        _ transport: ScriptedTransport, _ change: (inout ResilientHTTPClientOptions) -> Void = { _ in }
    ) throws -> ResilientHTTPClient {
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.random = .seeded(1)
        options.timeout = .seconds(10_000)
        options.backoff = .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .none)
        options.hedge = .fixed(.seconds(1))
        change(&options)
        return try ResilientHTTPClient(transport: transport, options: options)
    }

    private func call(_ path: String, _ method: String = "GET") -> HTTPCall {
        HTTPCall(method: method, url: "http://a/\(path)", host: "a:80")
    }

    /// How each of `calls` ended.
    private func outcomes(
        of calls: [HTTPCall], _ client: ResilientHTTPClient, _ delegate: Recorder = Recorder()
    ) async -> [String] {
        let left = Shared(calls.count)
        let tasks = calls.map { call in
            Task {
                defer { left.change { $0 -= 1 } }
                do {
                    return "\(try await client.execute(call, delegate: delegate).status)"
                } catch let failure as HTTPFailure {
                    return failure.kind.rawValue
                } catch {
                    return "\(error)"
                }
            }
        }
        await drive(clock) { left.value == 0 }
        var outcomes: [String] = []
        for task in tasks { outcomes.append(await task.value) }
        return outcomes
    }

    private var seconds: Double { Double(clock.now.nanoseconds) / 1e9 }

    private func seconds(_ arrivals: [ScriptedTransport.Arrival]) -> [Double] {
        arrivals.map { Double($0.time.nanoseconds) / 1e9 }
    }

    // MARK: Which answer counts

    @Test func `a slow call is sent a second time, the faster answer counts, and the slower call is cancelled`()
        async throws
    {
        let cancelled = Shared(0)
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            do {
                try await clock.sleep(for: number == 1 ? .seconds(100) : .milliseconds(100))
            } catch {
                cancelled.change { $0 += 1 }
                throw error
            }
            return .status(number == 1 ? 201 : 200)
        }
        let client = try client(transport)
        #expect(await outcomes(of: [call("x")], client) == ["200"])
        #expect(seconds(transport.arrivals) == [0, 1])
        #expect(seconds == 1.1 && cancelled.value == 1)
        let host = try #require(client.hostStatistics["a:80"])
        #expect(host.inFlight == 0 && host.waiting == 0)
    }

    @Test func `a call that is quick enough is sent once`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            try await clock.sleep(for: .milliseconds(900))
            return .status(200)
        }
        let recorder = Recorder()
        #expect(await outcomes(of: [call("x")], try client(transport), recorder) == ["200"])
        #expect(transport.arrivals.count == 1 && recorder.events == ["didWait", "willSend 1", "didSend 200"])
    }

    @Test func `only what may arrive twice is sent twice`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            try await clock.sleep(for: .seconds(5))
            return .status(200)
        }
        let client = try client(transport)
        #expect(await outcomes(of: [call("post", "POST"), call("patch", "PATCH")], client) == ["200", "200"])
        #expect(transport.arrivals.count == 2)
        var recognised = call("key", "POST")
        recognised.headers = [("Idempotency-Key", "1")]
        #expect(await outcomes(of: [recognised, call("put", "PUT")], client) == ["200", "200"])
        #expect(transport.arrivals.count == 2 + 4)
        let unsafe = try self.client(transport) { $0.rule.repeatsUnsafe = true }
        #expect(await outcomes(of: [call("unsafe", "POST")], unsafe) == ["200"])
        #expect(transport.arrivals.count == 2 + 4 + 2)
    }

    @Test func `a first attempt that fails while the second is under way waits for that one`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            try await clock.sleep(for: number == 1 ? .milliseconds(1500) : .seconds(1))
            return .status(number == 1 ? 503 : 200)
        }
        #expect(await outcomes(of: [call("x")], try client(transport)) == ["200"])
        #expect(transport.arrivals.count == 2 && seconds == 2)
    }

    @Test func `a first attempt that fails before is followed by a retry and not by a hedge`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            try await clock.sleep(for: .milliseconds(500))
            return .status(number == 1 ? 500 : 200)
        }
        let recorder = Recorder()
        #expect(await outcomes(of: [call("x")], try client(transport), recorder) == ["200"])
        #expect(seconds(transport.arrivals) == [0, 0.6])
        #expect(recorder.events.filter { $0.hasPrefix("willSend") } == ["willSend 1", "willSend 2"])
    }

    @Test func `if both fail the first one's outcome counts, both are attempts, and the call is repeated`() async throws
    {
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            try await clock.sleep(for: number <= 2 ? .seconds(2) : .milliseconds(1))
            return .status(number == 1 ? 500 : number == 2 ? 502 : 200)
        }
        let recorder = Recorder()
        #expect(await outcomes(of: [call("x")], try client(transport), recorder) == ["200"])
        #expect(
            recorder.events.filter { !$0.hasSuffix("Wait") }
                == ["willSend 1", "didSend 500", "willSend 3", "didSend 200"])
    }

    @Test func `the caller's cancellation ends both attempts`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            try await clock.sleep(for: .seconds(1_000))
            return .status(200)
        }
        let client = try client(transport)
        let task = Task { try await client.execute(call("x")) }
        await drive(clock) { transport.arrivals.count == 2 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(client.hostStatistics["a:80"]?.inFlight == 0)
    }

    // MARK: What a second attempt may not do

    @Test func `a second attempt waits at a closed gate`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] call, number in
            if call.url.hasSuffix("refused") { return number == 1 ? .status(429, retryAfter: "5") : .status(200) }
            try await clock.sleep(for: number == 1 ? .seconds(3) : .milliseconds(100))
            return .status(200)
        }
        let client = try client(transport)
        #expect(await outcomes(of: [call("slow"), call("refused")], client) == ["200", "200"])
        // It was due after a second, and the first attempt had ended before the gate opened.
        #expect(transport.arrivals.filter { $0.url.hasSuffix("slow") }.count == 1)
        #expect(seconds == 5)
    }

    @Test func `second attempts keep to the pace`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            try await clock.sleep(for: number == 1 ? .seconds(30) : .milliseconds(10))
            return .status(200)
        }
        let client = try client(transport) {
            $0.limiter = RateLimiter(.smooth(1, per: .seconds(2), burst: 1), clock: clock)
        }
        let calls = (0..<6).map { call("\($0)") }
        #expect(await outcomes(of: calls, client) == Array(repeating: "200", count: 6))
        let times = seconds(transport.arrivals)
        #expect(times.count > 6)
        // The first at once, and one every two seconds.
        #expect(times.enumerated().allSatisfy { $1 >= Double($0) * 2 - 0.001 })
    }

    @Test func `second attempts count against the limit of calls to their host`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, number in
            try await clock.sleep(for: .seconds(number == 1 ? 10 : 1))
            return .status(200)
        }
        let client = try client(transport) { $0.maximumPerHost = 3 }
        let calls = (0..<9).map { call("\($0)") }
        #expect(await outcomes(of: calls, client) == Array(repeating: "200", count: 9))
        #expect(transport.mostInFlight["a:80"] == 3)
    }

    /// 100 by the budget's reserve, and a fifth of the calls.
    @Test func `second attempts are taken out of the retry budget of their host`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            try await clock.sleep(for: .seconds(5))
            return .status(200)
        }
        let client = try client(transport)
        let calls = (0..<300).map { call("\($0)") }
        #expect(await outcomes(of: calls, client) == Array(repeating: "200", count: 300))
        let hedges = transport.arrivals.count - 300
        #expect(hedges >= 100 && hedges <= 160)
    }

    @Test func `an open circuit lets no second attempt through, and a probe is not gone past`() async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            try await clock.sleep(for: .seconds(5))
            return .status(200)
        }
        let client = try client(transport)
        let ended = Flag()
        let task = Task {
            defer { ended.set() }
            return try await client.execute(call("x")).status
        }
        await drive(clock) { transport.arrivals.count == 1 }
        try #require(client.breaker(of: "a:80")).open(for: .seconds(60))
        await drive(clock) { ended.isSet }
        #expect(try await task.value == 200)
        #expect(transport.arrivals.count == 1)
    }

    // MARK: Options

    @Test func `a hedge after a failure is refused: retries follow failures`() throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(200) }
        let error = try #require(throws: InvalidOptionsError.self) {
            try client(transport) { $0.hedge = .afterFailure }
        }
        #expect(error.problems.map(\.field) == ["hedge"])
        let other = try #require(throws: InvalidOptionsError.self) {
            try client(transport) { $0.hedge = .percentile(1.5, initial: .zero) }
        }
        #expect(other.problems.map(\.field) == ["hedge.delay.percentile"])
    }
}
#endif
