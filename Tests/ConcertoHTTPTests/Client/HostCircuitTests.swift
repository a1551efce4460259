#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoTesting
import TestSupport
import Testing

/// The circuit breaker of each host.
@Suite(.oneAtATime)
struct HostCircuitTests {
    private let clock = ManualClock()

    private func client(
        _ whenOpen: CircuitBreakerOptions.WhenOpen = .reject, _ transport: ScriptedTransport,
        _ change: (inout ResilientHTTPClientOptions) -> Void = { _ in }
    ) throws -> ResilientHTTPClient {
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.random = .seeded(1)
        options.timeout = .seconds(10_000)
        options.maxRetries = 0
        options.backoff = .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .none)
        options.breaker?.trip = .consecutiveFailures(3)
        options.breaker?.whenOpen = whenOpen
        change(&options)
        return try ResilientHTTPClient(transport: transport, options: options)
    }

    private func call(_ path: String, host: String = "a", _ method: String = "GET") -> HTTPCall {
        HTTPCall(method: method, url: "http://\(host)/\(path)", host: "\(host):80")
    }

    private func closed(_ failure: HTTPFailure.Kind = .connect) -> HTTPFailure {
        HTTPFailure(failure, mayHaveBeenSent: false, "no connection")
    }

    @Test func anOpenCircuitEndsCallsToItsHostAtOnceWithTheExactWait() async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in
            call.host == "a:80" ? .status(500) : .status(200)
        }
        let client = try client(.reject, transport)
        for number in 1...3 {
            #expect(try await client.execute(call("\(number)"), delegate: Recorder()).status == 500)
        }
        clock.advance(by: .milliseconds(1_500))
        let recorder = Recorder()
        let error = await #expect(throws: CircuitOpenError.self) {
            try await client.execute(call("4"), delegate: recorder)
        }
        #expect(error?.retryAfter == .milliseconds(3_500))
        #expect(error?.breaker == "a:80")
        #expect(error.map { "\($0)" }?.contains("status 500") == true)
        #expect(recorder.events == [])
        #expect(transport.arrivals.count == 3)
        #expect(client.hostStatistics["a:80"]?.circuitOpenFor == .milliseconds(3_500))
        // No other host suffers, and no place at the gate is lost.
        #expect(try await client.execute(call("1", host: "b"), delegate: Recorder()).status == 200)
        #expect(client.hostStatistics["b:80"]?.circuitOpenFor == nil)
        #expect(client.hostStatistics["a:80"]?.inFlight == 0)
    }

    @Test func aProbeThatSucceedsClosesTheCircuitAndOneThatFailsDoesNot() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            if clock.now.nanoseconds < 8_000_000_000 { throw closed() }
            return .status(404)
        }
        let client = try client(.reject, transport)
        for number in 1...3 {
            await #expect(throws: HTTPFailure.self) {
                try await client.execute(call("\(number)"), delegate: Recorder())
            }
        }
        clock.advance(by: .seconds(5))
        await #expect(throws: HTTPFailure.self) { try await client.execute(call("4"), delegate: Recorder()) }
        await #expect(throws: CircuitOpenError.self) { try await client.execute(call("5"), delegate: Recorder()) }
        clock.advance(by: .seconds(5))
        #expect(try await client.execute(call("6"), delegate: Recorder()).status == 404)
        #expect(client.breaker(of: "a:80")?.state == .closed)
        #expect(transport.arrivals.count == 5)
    }

    /// Regression: hosts to forget were looked for under the client's lock, and a circuit that became half-open by that told
    /// telemetry, where a listener that asked the client waited for itself.
    @Test func aListenerMayAskTheClientAlsoWhileHostsAreForgotten() async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in call.host == "a:80" ? .status(500) : .status(200) }
        let telemetry = ResilienceTelemetry()
        let client = try client(.reject, transport) { $0.breaker?.telemetry = telemetry }
        let seen = Shared<[Int]>([])
        let registration = telemetry.addListener { event in
            guard event.name == .circuitHalfOpened else { return }
            seen.change { $0.append(client.hostStatistics.count) }
        }
        for number in 1...3 { _ = try await client.execute(call("\(number)"), delegate: Recorder()) }
        for number in 1..<10_000 { _ = try await client.execute(call("1", host: "b\(number)"), delegate: Recorder()) }
        clock.advance(by: .seconds(5))
        _ = try await client.execute(call("1", host: "c"), delegate: Recorder())
        registration.remove()
        #expect(seen.value == [10_000])
        // All but the one whose circuit waits for a probe.
        #expect(client.hostStatistics.keys.sorted() == ["a:80", "c:80"])
    }

    @Test(arguments: [400, 401, 404, 408, 409, 422, 425, 429])
    func answersBelow500NeverOpenIt(status: Int) async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(status) }
        let client = try client(.reject, transport)
        for number in 1...20 {
            let ended = Flag()
            let task = Task {
                defer { ended.set() }
                return try await client.execute(call("\(number)"), delegate: Recorder()).status
            }
            // A host that answers 429 is called at a pace.
            await drive(clock) { ended.isSet }
            #expect(try await task.value == status)
        }
        #expect(client.breaker(of: "a:80")?.state == .closed)
    }

    @Test func whatTheHostHasNothingToDoWithDoesNotCount() async throws {
        struct Stop: Error {}
        let hangs = Latch()
        let transport = ScriptedTransport(clock: clock) { call, _ in
            if call.url == "http://a/hangs" { try await hangs.wait() }
            throw HTTPFailure(.invalid, mayHaveBeenSent: false, "no such scheme")
        }
        let client = try client(.reject, transport)
        for number in 1...10 {
            await #expect(throws: HTTPFailure.self) {
                try await client.execute(call("\(number)"), delegate: Recorder())
            }
            await #expect(throws: Stop.self) {
                try await client.execute(call("\(number)"), delegate: Recorder { throw Stop() })
            }
            let task = Task { try await client.execute(call("hangs"), delegate: Recorder()) }
            await until { client.hostStatistics["a:80"]?.inFlight == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(client.breaker(of: "a:80")?.state == .closed)
    }

    /// Its permit would be lost otherwise, and nobody would ever try again.
    @Test func aProbeThatIsCancelledGivesItsTurnBack() async throws {
        let hangs = Latch()
        let transport = ScriptedTransport(clock: clock) { call, _ in
            if call.url == "http://a/hangs" { try await hangs.wait() }
            return .status(200)
        }
        let client = try client(.reject, transport)
        _ = try await client.execute(call("1"), delegate: Recorder())
        client.breaker(of: "a:80")?.open(for: .seconds(1))
        clock.advance(by: .seconds(1))
        let probe = Task { try await client.execute(call("hangs"), delegate: Recorder()) }
        await until { transport.arrivals.count == 2 }
        let error = await #expect(throws: CircuitOpenError.self) {
            try await client.execute(call("2"), delegate: Recorder())
        }
        #expect(error?.state == .halfOpen)
        probe.cancel()
        await #expect(throws: CancellationError.self) { try await probe.value }
        #expect(try await client.execute(call("3"), delegate: Recorder()).status == 200)
        #expect(client.breaker(of: "a:80")?.state == .closed)
    }

    /// An hour has 720 probes, many more than a call has attempts.
    @Test(arguments: [60, 3_600])
    func callsThatWaitLoseNoRowInAnOutage(seconds: Int) async throws {
        let recovery = TimerInstant(nanoseconds: Int64(seconds) * 1_000_000_000)
        let transport = ScriptedTransport(clock: clock) { _, _ in
            if clock.now < recovery { throw closed() }
            return .status(200)
        }
        let client = try client(.wait, transport) {
            $0.maxRetries = 3
            $0.maximumPerHost = 4
        }
        let ended = Shared<[Int]>([])
        let tasks = (0..<200).map { number in
            Task {
                let status = try await client.execute(call("\(number)"), delegate: Recorder()).status
                ended.change { $0.append(status) }
            }
        }
        await drive(clock) { ended.value.count == tasks.count }
        for task in tasks { try await task.value }
        #expect(ended.value.allSatisfy { $0 == 200 })
        // At first as many as fit in, then one probe each 5 s: an outage is not answered with a storm.
        let early = transport.arrivals.filter { $0.time < recovery }.count
        #expect(early <= 4 + 3 + seconds / 5, "\(early) attempts")
        #expect(transport.mostInFlight["a:80"] ?? 0 <= 4)
        let statistics = client.hostStatistics["a:80"]
        #expect(statistics?.inFlight == 0 && statistics?.waiting == 0 && statistics?.circuitOpenFor == nil)
    }

    /// They keep the circuit open among themselves, and would wait for ever if their probes cost no attempts.
    @Test(arguments: ["500", "502", "timeout"])
    func callsThatTheHostCannotCopeWithComeToAnEnd(outcome: String) async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in
            if call.url == "http://a/good" { return .status(200) }
            guard let status = Int(outcome) else {
                throw HTTPFailure(.timeout, mayHaveBeenSent: true, "no answer in time")
            }
            return .status(status)
        }
        let client = try client(.wait, transport) { $0.maxRetries = 3 }
        _ = try await client.execute(call("good"), delegate: Recorder())
        let ended = Shared<[String]>([])
        let tasks = (0..<30).map { number in
            Task {
                let result: String
                do {
                    result = "\(try await client.execute(call("\(number)"), delegate: Recorder()).status)"
                } catch let failure as HTTPFailure {
                    result = "\(failure.kind)"
                }
                ended.change { $0.append(result) }
            }
        }
        await drive(clock) { ended.value.count == tasks.count }
        for task in tasks { try await task.value }
        #expect(ended.value.allSatisfy { $0 == outcome })
        #expect(transport.arrivals.count == 1 + 30 * 4)
    }

    @Test func aCallThatWaitsForTheCircuitSaysSoAndHoldsNoPlace() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(200) }
        let client = try client(.wait, transport) { $0.maximumPerHost = 1 }
        _ = try await client.execute(call("1"), delegate: Recorder())
        let breaker = try #require(client.breaker(of: "a:80"))
        breaker.isolate()
        let recorder = Recorder()
        let task = Task { try await client.execute(call("2"), delegate: recorder).status }
        await until { breaker.statistics.waiters == 1 }
        #expect(recorder.events.last == "willWait")
        #expect(client.hostStatistics["a:80"]?.inFlight == 0)
        #expect(transport.arrivals.count == 1)
        breaker.close()
        #expect(try await task.value == 200)
        #expect(recorder.events.suffix(3) == ["didWait", "willSend 1", "didSend 200"])

        breaker.isolate()
        let cancelled = Task { try await client.execute(call("3"), delegate: Recorder()).status }
        await until { breaker.statistics.waiters == 1 }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(client.hostStatistics["a:80"]?.inFlight == 0)
    }

    @Test func aWaitThatWouldEndAfterTheTotalTimeIsNotBegun() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(500) }
        let client = try client(.wait, transport) { $0.totalTimeout = .seconds(2) }
        for number in 1...3 { _ = try await client.execute(call("\(number)"), delegate: Recorder()) }
        let error = await #expect(throws: HTTPFailure.self) {
            try await client.execute(call("4"), delegate: Recorder())
        }
        #expect(error?.kind == .timeout && error?.mayHaveBeenSent == false)
        #expect(clock.now == TimerInstant(nanoseconds: 0))
    }

    /// Whatever comes in whatever order: nobody hangs, and no permit and no place is lost.
    @Test func randomOutagesAndCancellationsLoseNothing() async throws {
        let random = seededRandom()
        let seed = random.seed
        let transport = ScriptedTransport(clock: clock) { call, number in
            let bits = (seed ^ UInt64(truncatingIfNeeded: call.url.hashValue) ^ UInt64(number) &* 0x9E37_79B9) % 10
            for _ in 0..<bits { await Task.yield() }
            switch bits {
            case 0...4: throw HTTPFailure(.connect, mayHaveBeenSent: false, "no connection")
            case 5: return .status(503, retryAfter: "1")
            case 6: return .status(429)
            default: return .status(200)
            }
        }
        for whenOpen in [CircuitBreakerOptions.WhenOpen.wait, .reject] {
            let client = try client(whenOpen, transport) {
                $0.maxRetries = 3
                $0.maximumPerHost = 5
            }
            let ended = Shared(0)
            let tasks = (0..<150).map { number in
                Task {
                    defer { ended.change { $0 += 1 } }
                    return try await client.execute(
                        call("\(whenOpen)\(number)", host: ["a", "b"][number % 2]), delegate: Recorder()
                    ).status
                }
            }
            for (number, task) in tasks.enumerated() where number % 7 == 3 { task.cancel() }
            await drive(clock) { ended.value == tasks.count }
            for host in ["a:80", "b:80"] {
                let breaker = try #require(client.breaker(of: host))
                #expect(breaker.statistics.waiters == 0)
                #expect(client.hostStatistics[host]?.inFlight == 0 && client.hostStatistics[host]?.waiting == 0)
                breaker.close()
                let done = Flag()
                let last = Task {
                    defer { done.set() }
                    return try? await client.execute(call("last", host: String(host.prefix(1))), delegate: Recorder())
                }
                await drive(clock) { done.isSet }
                _ = await last.value
            }
        }
    }
}
#endif
