#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoTesting
import TestSupport
import Testing

/// How hosts that refuse, fall silent or hang up are treated.
@Suite(.oneAtATime)
struct HostPolicyTests {
    private let clock = ManualClock()

    private func client(
        _ transport: ScriptedTransport, _ change: (inout ResilientHTTPClientOptions) -> Void = { _ in }
    ) throws -> ResilientHTTPClient {
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.random = .seeded(1)
        options.timeout = .seconds(10_000)
        options.backoff = .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .none)
        change(&options)
        return try ResilientHTTPClient(transport: transport, options: options)
    }

    private func call(_ path: String, _ method: String = "GET") -> HTTPCall {
        HTTPCall(method: method, url: "http://a/\(path)", host: "a:80")
    }

    /// How each of `calls` ended, a status or a failure's kind, in the order in which they did.
    private func outcomes(of calls: [HTTPCall], _ client: ResilientHTTPClient) async -> [String] {
        let ended = Shared<[String]>([])
        let tasks = calls.map { call in
            Task {
                let outcome: String
                do {
                    outcome = "\(try await client.execute(call, delegate: Recorder()).status)"
                } catch let failure as HTTPFailure {
                    outcome = failure.kind.rawValue
                } catch {
                    outcome = "\(error)"
                }
                ended.change { $0.append(outcome) }
            }
        }
        await drive(clock) { ended.value.count == tasks.count }
        for task in tasks { await task.value }
        return ended.value
    }

    private var seconds: Double { Double(clock.now.nanoseconds) / 1e9 }

    // MARK: Refusals with Retry-After

    // T11: one row of 600 failed with 429 because it had been turned away five times.
    @Test(arguments: [429, 503])
    func `answers that say when to come back use up no retries`(status: Int) async throws {
        let transport = ScriptedTransport(clock: clock) { _, number in
            number <= 20 ? .status(status, retryAfter: "1") : .status(200)
        }
        let client = try client(transport) { $0.maxRetries = 1 }
        #expect(await outcomes(of: [call("x", "POST")], client) == ["200"])
        #expect(transport.arrivals.count == 21 && seconds == 20)
    }

    @Test func `a call that is told to come back for ever comes to an end`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(429, retryAfter: "1") }
        let client = try client(transport) {
            $0.maxRetries = 2
            $0.maxRefusals = 7
        }
        #expect(await outcomes(of: [call("x")], client) == ["429"])
        #expect(transport.arrivals.count == 1 + 7 + 2)
    }

    @Test func `no retries means none`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(429, retryAfter: "1") }
        let client = try client(transport) { $0.maxRetries = 0 }
        #expect(await outcomes(of: [call("x")], client) == ["429"])
        #expect(transport.arrivals.count == 1)
    }

    // H12: with one slot a further row slipped to the paused host.
    @Test func `the gate is closed before the slot is given away`() async throws {
        struct Looks: HTTPCallDelegate {
            let look: @Sendable () -> Void
            func willWait() { look() }
            func didWait() async {}
            func willSend(attempt number: Int) async throws {}
            func didSend(_ result: AttemptResult) {}
        }
        let transport = ScriptedTransport(clock: clock) { _, number in
            number == 1 ? .status(429, retryAfter: "1") : .status(200)
        }
        let client = try client(transport)
        let seen = Shared<[Bool]>([])
        let ended = Flag()
        let task = Task { [self] in
            defer { ended.set() }
            let looks = Looks { seen.change { $0.append(client.hostStatistics["a:80"]?.pausedUntil != nil) } }
            return try await client.execute(call("x"), delegate: looks).status
        }
        await drive(clock) { ended.isSet }
        #expect(try await task.value == 200)
        #expect(seen.value.first == true)
    }

    // MARK: 503

    // T2: the circuit opened at 18 of 20 attempts, and the screen said that the host did not answer.
    @Test func `a rate limit that answers 503 opens no circuit`() async throws {
        let next = Shared(clock.now)
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            // Ten a second.
            var isAccepted = false
            next.change { next in
                isAccepted = clock.now >= next
                if isAccepted { next = clock.now.advanced(by: .milliseconds(100)) }
            }
            return .status(isAccepted ? 200 : 503)
        }
        let client = try client(transport) { $0.maxRetries = 50 }
        let outcomes = await outcomes(of: (0..<60).map { call("\($0)") }, client)
        #expect(outcomes == Array(repeating: "200", count: 60))
        #expect(client.breaker(of: "a:80")?.state == .closed)
    }

    @Test func `a host that answers nothing but 503 for a second is away`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(503) }
        let client = try client(transport) {
            $0.maxRetries = 0
            $0.breaker?.trip = .consecutiveFailures(3)
        }
        for number in 1...5 { _ = try await client.execute(call("\(number)"), delegate: Recorder()) }
        #expect(client.breaker(of: "a:80")?.state == .closed)
        clock.advance(by: .seconds(1))
        let outcomes = await outcomes(of: (6...15).map { call("\($0)") }, client)
        #expect(outcomes.contains { $0.contains("circuit") })
        #expect(client.hostStatistics["a:80"]?.hold == .fails(status: 503))
    }

    // T2: `-c` calls went at once, and the circuit opened again.
    @Test func `after its circuit has closed a host is called by one, two, four at a time`() async throws {
        let isBack = Flag()
        let inside = Shared((now: 0, most: [Int]()))
        let latches = (0..<64).map { _ in Latch() }
        let transport = ScriptedTransport(clock: clock) { call, _ in
            guard isBack.isSet else { throw HTTPFailure(.connect, mayHaveBeenSent: false, "no connection") }
            inside.change {
                $0.now += 1
                $0.most.append($0.now)
            }
            try await latches[Int(call.url.dropFirst(9))!].wait()
            inside.change { $0.now -= 1 }
            return .status(200)
        }
        let client = try client(transport) {
            $0.maxRetries = 0
            $0.breaker?.trip = .consecutiveFailures(1)
            $0.breaker?.whenOpen = .wait
        }
        await #expect(throws: HTTPFailure.self) { try await client.execute(call("0"), delegate: Recorder()) }
        isBack.set()
        let tasks = (1...20).map { number in
            Task { [self] in try await client.execute(call("\(number)"), delegate: Recorder()).status }
        }
        await until { client.breaker(of: "a:80")?.statistics.waiters == 20 }
        clock.advance(by: .seconds(5))
        // The probe alone; then two; then, when one of them has come back, four.
        for room in [1, 2, 4] {
            await until { client.hostStatistics["a:80"]?.inFlight == room && inside.value.now == room }
            #expect(client.hostStatistics["a:80"]?.inFlight == room)
            let first = transport.arrivals[transport.arrivals.count - room].url
            latches[Int(first.dropFirst(9))!].open()
        }
        for latch in latches { latch.open() }
        for task in tasks { #expect(try await task.value == 200) }
    }

    // MARK: Hosts that cannot be reached

    // T12: a thousand rows to a mistyped host waited for a budget of ten retries a second.
    @Test func `a host that was never there is asked once by most`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            throw HTTPFailure(.dns, mayHaveBeenSent: false, "no such name")
        }
        let client = try client(transport) { $0.breakerNeedsAnswer = true }
        let first = await outcomes(of: (0..<200).map { call("\($0)") }, client)
        #expect(first == Array(repeating: "dns", count: 200))
        // Four back-offs; a budget of ten a second would have taken a minute more.
        #expect(seconds < 10 && transport.arrivals.count <= 1_000)
        let (time, attempts) = (clock.now, transport.arrivals.count)
        let rest = await outcomes(of: (0..<1_000).map { call("r\($0)") }, client)
        #expect(rest == Array(repeating: "dns", count: 1_000))
        #expect(clock.now == time && transport.arrivals.count == attempts + 1_000)
    }

    @Test func `a host that comes up while it is asked is called as any other`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, number in
            guard number > 3 else { throw HTTPFailure(.connect, mayHaveBeenSent: false, "refused") }
            return .status(200)
        }
        let client = try client(transport) { $0.breakerNeedsAnswer = true }
        #expect(await outcomes(of: (0..<50).map { call("\($0)") }, client) == Array(repeating: "200", count: 50))
    }

    /// The last rows of a batch could not open the circuit, and used up their retries.
    @Test(arguments: [1, 2, 3])
    func `however few calls are left, none fails because its host has gone`(count: Int) async throws {
        let transport = ScriptedTransport(clock: clock) { [clock] call, _ in
            if call.url == "http://a/first" { return .status(200) }
            guard clock.now.nanoseconds > 600_000_000_000 else {
                throw HTTPFailure(.connect, mayHaveBeenSent: false, "refused")
            }
            return .status(200)
        }
        let client = try client(transport) {
            $0.breaker?.trip = .failureRatio(0.9, minimumThroughput: 20, window: .count(20))
            $0.breaker?.whenOpen = .wait
            $0.breakerNeedsAnswer = true
        }
        _ = try await client.execute(call("first"), delegate: Recorder())
        let outcomes = await outcomes(of: (0..<count).map { call("\($0)", "POST") }, client)
        #expect(outcomes == Array(repeating: "200", count: count))
        #expect(transport.arrivals.count < 300)
    }

    // T4: 1,746 of 6,000 rows failed, and hosts were blamed.
    @Test func `this machine's shortage fails no call, blames no host and costs no attempt`() async throws {
        let inside = Shared(0)
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            // Twenty descriptors.
            var isShort = false
            inside.change { inside in
                isShort = inside >= 20
                if !isShort { inside += 1 }
            }
            if isShort { throw HTTPFailure(.local, mayHaveBeenSent: false, "too many open files") }
            defer { inside.change { $0 -= 1 } }
            try await Task.delay(for: .milliseconds(10), clock: clock)
            return .status(200)
        }
        let client = try client(transport) { $0.maxRetries = 0 }
        #expect(client.localLimit == nil)
        let outcomes = await outcomes(of: (0..<300).map { call("\($0)", "POST") }, client)
        #expect(outcomes == Array(repeating: "200", count: 300))
        #expect(client.localLimit.map { (1...40).contains($0) } == true)
        #expect(client.breaker(of: "a:80")?.state == .closed && client.hostStatistics["a:80"]?.hold == nil)
    }

    @Test func `a shortage that lasts comes to an end`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            throw HTTPFailure(.local, mayHaveBeenSent: false, "too many open files")
        }
        #expect(await outcomes(of: [call("x")], try client(transport)) == ["local"])
        #expect(transport.arrivals.count == 101)
    }

    // T12: verification, a proxy's 407 and redirect limits were tried five times.
    @Test func `what is bound to fail in the same way is tried once, and blames nobody`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            throw HTTPFailure(.tls, mayHaveBeenSent: false, isLasting: true, "its certificate is not trusted")
        }
        let client = try client(transport)
        for number in 0..<16 {
            #expect(await outcomes(of: [call("\(number)")], client) == ["tls"])
            #expect(transport.arrivals.count == number + 1)
        }
        // Sixteen have found it out: the others are told, for five seconds.
        #expect(await outcomes(of: (0..<1_000).map { call("r\($0)") }, client) == Array(repeating: "tls", count: 1_000))
        #expect(transport.arrivals.count == 16)
        clock.advance(by: .seconds(5))
        #expect(await outcomes(of: [call("later")], client) == ["tls"])
        #expect(transport.arrivals.count == 17 && client.breaker(of: "a:80")?.state == .closed)
    }

    // H16: half of all attempts failed, the circuit opened, and 109 of 120 calls ended as CircuitOpenError.
    @Test func `a server that hangs up after each answer opens no circuit`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, number in
            guard number > 1 else { throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed") }
            return .status(200)
        }
        let client = try client(transport)
        _ = await outcomes(of: [call("first")], client)
        for number in 0..<12 {
            let outcomes = await outcomes(of: (0..<10).map { call("\(number)-\($0)") }, client)
            #expect(outcomes == Array(repeating: "200", count: 10))
        }
        #expect(client.breaker(of: "a:80")?.state == .closed)
    }
}
#endif
