#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoTesting
import Synchronization
import TestSupport
import Testing

@Suite(.oneAtATime)
struct ResilientHTTPClientTests {
    private let clock = ManualClock()

    private func options(_ change: (inout ResilientHTTPClientOptions) -> Void = { _ in }) -> ResilientHTTPClientOptions
    {
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.random = .seeded(1)
        options.timeout = .seconds(10_000)
        options.backoff = .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .none)
        change(&options)
        return options
    }

    private func call(_ path: String, host: String = "a", _ method: String = "GET", key: Bool = false) -> HTTPCall {
        HTTPCall(
            method: method, url: "http://\(host)/\(path)", host: "\(host):80",
            headers: key ? [("Idempotency-Key", "1")] : [])
    }

    private func seconds(_ arrivals: [ScriptedTransport.Arrival]) -> [Double] {
        arrivals.map { Double($0.time.nanoseconds) / 1e9 }
    }

    @Test func anAnswerThatIsFinalComesBackAtOnce() async throws {
        for status in [200, 204, 304, 404, 422, 501] {
            let transport = ScriptedTransport(clock: clock) { _, _ in .status(status) }
            let client = try ResilientHTTPClient(transport: transport, options: options())
            let reply = try await client.execute(call("x"), delegate: Recorder())
            #expect(reply.status == status && transport.arrivals.count == 1)
        }
    }

    @Test func backsOffExponentiallyAndReturnsTheLastAnswer() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(503) }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.maxRetries = 3 })
        let ended = Flag()
        async let reply = {
            defer { ended.set() }
            return try await client.execute(call("x"), delegate: Recorder())
        }()
        await drive(clock) { ended.isSet }
        #expect(try await reply.status == 503)
        #expect(seconds(transport.arrivals) == [0, 0.1, 0.3, 0.7])
    }

    @Test func retryAfterPausesItsHostAndNoOther() async throws {
        let transport = ScriptedTransport(clock: clock) { call, number in
            call.url == "http://a/1" && number == 1 ? .status(429, retryAfter: "10") : .status(200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let first = Task { [self] in try await client.execute(call("1"), delegate: Recorder()).status }
        await until { client.hostStatistics["a:80"]?.waiting == 1 }
        let second = Task { [self] in try await client.execute(call("2"), delegate: Recorder()).status }
        await until { client.hostStatistics["a:80"]?.waiting == 2 }
        #expect(try await client.execute(call("3", host: "b"), delegate: Recorder()).status == 200)
        clock.advance(by: .seconds(10) - .nanoseconds(1))
        #expect(client.hostStatistics["a:80"]?.waiting == 2)
        clock.advance(by: .nanoseconds(1))
        #expect(try await [first.value, second.value] == [200, 200])
        // The row that was turned away goes before the new one.
        #expect(transport.urls == ["http://a/1", "http://b/3", "http://a/1", "http://a/2"])
        #expect(seconds(transport.arrivals) == [0, 0, 10, 10])
        #expect(client.hostStatistics["a:80"]?.pausedTotal == .seconds(10))
    }

    @Test func aPauseIsCappedAndNeverShortened() async throws {
        let second = Latch()
        let transport = ScriptedTransport(clock: clock) { call, number in
            guard number == 1 else { return .status(200) }
            if call.url == "http://a/1" { return .status(503, retryAfter: "86400") }
            try await second.wait()
            return .status(429, retryAfter: "1")
        }
        let client = try ResilientHTTPClient(
            transport: transport, options: options { $0.maxRetryAfter = .seconds(60) })
        let late = Task { [self] in try await client.execute(call("2"), delegate: Recorder()).status }
        await until { transport.arrivals.count == 1 }
        let early = Task { [self] in try await client.execute(call("1"), delegate: Recorder()).status }
        await until { client.hostStatistics["a:80"]?.pausedUntil != nil }
        second.open()
        await until { client.hostStatistics["a:80"]?.waiting == 2 }
        #expect(client.hostStatistics["a:80"]?.pausedUntil == TimerInstant(nanoseconds: 60_000_000_000))
        clock.advance(by: .seconds(59))
        #expect(transport.arrivals.count == 2)
        clock.advance(by: .seconds(1))
        #expect(try await [early.value, late.value] == [200, 200])
    }

    // Calls that had been let in and waited for their turn went out while the host wanted to be left alone.
    @Test
    func aPauseAlsoHoldsCallsThatWaitForTheirTurn() async throws {
        let turnedAway = Flag()
        let pace = RateLimiter(.smooth(1, per: .seconds(1)), clock: clock)
        let transport = ScriptedTransport(clock: clock) { _, _ in
            if turnedAway.isSet { return .status(200) }
            turnedAway.set()
            await until { pace.statistics.waiters == 4 }
            return .status(429, retryAfter: "60")
        }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.limiter = pace })
        let ended = Shared(0)
        let tasks = (1...5).map { number in
            Task { [self] in
                defer { ended.change { $0 += 1 } }
                return try await client.execute(call("\(number)"), delegate: Recorder()).status
            }
        }
        await until { client.hostStatistics["a:80"]?.pausedUntil != nil }
        await drive(clock) { ended.value == tasks.count }
        for task in tasks { #expect(try await task.value == 200) }
        #expect(seconds(transport.arrivals).filter { $0 > 0 && $0 < 60 }.isEmpty)
    }

    @Test(arguments: [("POST", false, 1), ("POST", true, 2), ("PUT", false, 2), ("PATCH", false, 1)])
    func anErrorThatMayHaveTakenEffectIsRepeatedOnlyWhereThatDoesNoHarm(
        method: String, key: Bool, attempts: Int
    ) async throws {
        for failure in [HTTPReply.status(500), nil] {
            let transport = ScriptedTransport(clock: clock) { _, number in
                if number > 1 { return .status(200) }
                if let failure { return failure }
                throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed")
            }
            let client = try ResilientHTTPClient(transport: transport, options: options())
            let ended = Flag()
            let task = Task { [self] in
                defer { ended.set() }
                return try await client.execute(call("x", method, key: key), delegate: Recorder()).status
            }
            await drive(clock) { ended.isSet }
            let result = await task.result
            #expect(transport.arrivals.count == attempts)
            switch result {
            case .success(let status): #expect(status == (attempts == 2 ? 200 : 500))
            case .failure(let error): #expect((error as? HTTPFailure)?.kind == .closed && attempts == 1)
            }
        }
    }

    @Test func whatWasCertainlyNotSentIsRepeatedWhateverTheMethod() async throws {
        let transport = ScriptedTransport(clock: clock) { _, number in
            if number < 3 { throw HTTPFailure(.connect, mayHaveBeenSent: false, "refused") }
            return .status(201)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let ended = Flag()
        let task = Task { [self] in
            defer { ended.set() }
            return try await client.execute(call("x", "POST"), delegate: Recorder()).status
        }
        await drive(clock) { ended.isSet }
        #expect(try await task.value == 201)
    }

    @Test func anEmptyBudgetDelaysRetriesAndFailsNone()
        async throws
    {
        let transport = ScriptedTransport(clock: clock) { _, number in .status(number == 1 ? 500 : 200) }
        // So many failures at once would open the circuit, and the budget would have nothing to do.
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.breaker = nil })
        let statuses = Shared<[Int]>([])
        let tasks = (0..<300).map { number in
            Task { [self] in
                let status = try await client.execute(call("\(number)"), delegate: Recorder()).status
                statuses.change { $0.append(status) }
            }
        }
        // Time stands still until the last of them has begun.
        await until { transport.arrivals.count >= tasks.count }
        await drive(clock) { statuses.value.count == tasks.count }
        #expect(statuses.value.allSatisfy { $0 == 200 })
        #expect(transport.arrivals.count == 600)
        // 100 from the reserve and 60 from 300 deposits at once; the others when withdrawals are forgotten. One that
        // is on its way while the clock moves on is seen late, so not every one of the 160 need be seen in time.
        let immediate = seconds(transport.arrivals).filter { $0 <= 0.1 }.count - 300
        #expect((101...160).contains(immediate))
        #expect(seconds(transport.arrivals).max()! >= 9)
    }

    @Test func anAttemptThatTakesTooLongIsCutAndRepeated() async throws {
        let transport = ScriptedTransport(clock: clock) { _, number in
            if number == 1 { try await Latch().wait() }
            return .status(200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.timeout = .seconds(30) })
        let task = Task { [self] in try await client.execute(call("x"), delegate: Recorder()).status }
        await until { transport.arrivals.count == 1 }
        clock.advance(by: .seconds(30) - .nanoseconds(1))
        #expect(transport.arrivals.count == 1)
        clock.advance(by: .nanoseconds(1))
        await drive(clock, horizon: .seconds(1)) { transport.arrivals.count == 2 }
        #expect(try await task.value == 200)
    }

    @Test func aCallsOwnTimeoutGoesBeforeTheClients() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            try await Latch().wait()
            return .status(200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.timeout = .seconds(30) })
        var call = call("x", "POST")
        call.timeout = .seconds(2)
        let task = Task { [call] in try await client.execute(call, delegate: Recorder()).status }
        await until { transport.arrivals.count == 1 }
        await clock.sleepers(count: 1)
        clock.advance(by: .seconds(2))
        let failure = await #expect(throws: HTTPFailure.self) { try await task.value }
        #expect(failure?.kind == .timeout && failure?.mayHaveBeenSent == true)
        #expect(transport.arrivals.count == 1)
    }

    @Test func theTotalTimeCutsTheAttemptUnderWay() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            try await Latch().wait()
            return .status(200)
        }
        let client = try ResilientHTTPClient(
            transport: transport, options: options { $0.totalTimeout = .seconds(5) })
        let recorder = Recorder()
        let task = Task { [self] in try await client.execute(call("x"), delegate: recorder).status }
        await until { transport.arrivals.count == 1 }
        clock.advance(by: .seconds(5))
        let failure = await #expect(throws: HTTPFailure.self) { try await task.value }
        #expect(failure?.kind == .timeout)
        #expect(failure?.description.contains("total time") == true)
        #expect(recorder.events == ["didWait", "willSend 1", "didSend cancelled"])
    }

    // H3: the total time was waited for, the answer was lost, and the call "may have been sent".
    @Test func `a pause beyond the total time ends the call at once with the answer it had`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(429, retryAfter: "60") }
        let client = try ResilientHTTPClient(
            transport: transport, options: options { $0.totalTimeout = .seconds(3) })
        let reply = try await client.execute(call("x"), delegate: Recorder())
        #expect(reply.status == 429)
        let recorder = Recorder()
        let failure = await #expect(throws: HTTPFailure.self) {
            try await client.execute(call("y", "POST"), delegate: recorder)
        }
        #expect(failure?.kind == .timeout && failure?.mayHaveBeenSent == false)
        #expect(recorder.events == ["willWait"])
        #expect(clock.now == TimerInstant(nanoseconds: 0) && transport.arrivals.count == 1)
        #expect(client.hostStatistics["a:80"]?.waiting == 0 && client.hostStatistics["a:80"]?.inFlight == 0)
    }

    /// Regression: all waits but that for a paused host obeyed the deadline of an execution around the call.
    @Test func theDeadlineAroundACallEndsItsWaitForAPausedHost() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(429, retryAfter: "100") }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let around = Timeout(.seconds(5), kind: .cooperative, clock: clock)
        let status = try await around.execute { try await client.execute(call("x"), delegate: Recorder()).status }
        #expect(status == 429 && clock.now == TimerInstant(nanoseconds: 0))
        #expect(client.hostStatistics["a:80"]?.waiting == 0)
    }

    // H4: who waits for a place has sent nothing.
    @Test func `a call whose time runs out in front of the gate was not sent`() async throws {
        let hangs = Latch()
        let transport = ScriptedTransport(clock: clock) { _, _ in
            try await hangs.wait()
            return .status(200)
        }
        let client = try ResilientHTTPClient(
            transport: transport,
            options: options {
                $0.maximumPerHost = 1
                $0.totalTimeout = .seconds(5)
            })
        let first = Task { [self] in try await client.execute(call("1", "POST"), delegate: Recorder()).status }
        await until { transport.arrivals.count == 1 }
        let second = Task { [self] in try await client.execute(call("2", "POST"), delegate: Recorder()).status }
        await until { client.hostStatistics["a:80"]?.waiting == 1 }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(5))
        let sent = await #expect(throws: HTTPFailure.self) { try await first.value }
        let unsent = await #expect(throws: HTTPFailure.self) { try await second.value }
        #expect(sent?.mayHaveBeenSent == true && unsent?.mayHaveBeenSent == false)
        #expect(unsent?.kind == .timeout && transport.arrivals.count == 1)
    }

    @Test func cancellationEndsTheAttemptUnderWay() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            try await Latch().wait()
            return .status(200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let task = Task { [self] in try await client.execute(call("x"), delegate: Recorder()).status }
        await until { transport.arrivals.count == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(client.hostStatistics["a:80"]?.inFlight == 0)
    }

    @Test func cancellationEndsTheWaitForAPausedHost() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(429, retryAfter: "100") }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let task = Task { [self] in try await client.execute(call("x"), delegate: Recorder()).status }
        await until { client.hostStatistics["a:80"]?.waiting == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(client.hostStatistics["a:80"]?.waiting == 0)
    }

    @Test func cancellationEndsTheBackOff() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(503) }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let recorder = Recorder()
        let task = Task { [self] in try await client.execute(call("x"), delegate: recorder).status }
        await until { recorder.events.last == "willWait" }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    // Once returned the answer that was to be repeated: the cancellation came between the attempt and its back-off.
    @Test func cancellationOnTheWayToTheBackOffEndsTheCall() async throws {
        struct GivesUp: HTTPCallDelegate {
            func willWait() { withUnsafeCurrentTask { $0?.cancel() } }
            func didWait() async {}
            func willSend(attempt number: Int) async throws {}
            func didSend(_ result: AttemptResult) {}
        }
        for failure in [HTTPReply.status(503), nil] {
            let transport = ScriptedTransport(clock: clock) { _, _ in
                if let failure { return failure }
                throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed")
            }
            let client = try ResilientHTTPClient(transport: transport, options: options())
            let task = Task { [self] in try await client.execute(call("x"), delegate: GivesUp()).status }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(transport.arrivals.count == 1)
        }
    }

    // A row that would have been repeated is not finished because its caller gave up meanwhile.
    @Test
    func aCallerThatGaveUpDuringAnAttemptHearsCancellationInsteadOfAnAnswerToRepeat() async throws {
        for failure in [HTTPReply.status(503), nil] {
            let latch = Latch()
            let transport = ScriptedTransport(clock: clock) { _, _ in
                await Task { try? await latch.wait() }.value
                if let failure { return failure }
                throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed")
            }
            let client = try ResilientHTTPClient(transport: transport, options: options())
            let task = Task { [self] in try await client.execute(call("x"), delegate: Recorder()).status }
            await until { transport.arrivals.count == 1 }
            task.cancel()
            latch.open()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func theDelegateHearsEverythingInOrder() async throws {
        let transport = ScriptedTransport(clock: clock) { _, number in
            switch number {
            case 1: return .status(503)
            case 2: throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed")
            case 3: return .status(429, retryAfter: "3")
            default: return .status(200)
            }
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let recorder = Recorder()
        let ended = Flag()
        let task = Task { [self] in
            defer { ended.set() }
            return try await client.execute(call("x"), delegate: recorder).status
        }
        await drive(clock) { ended.isSet }
        #expect(try await task.value == 200)
        // The pause that the 429 asks for is waited for at the host's gate too, unless it is over by then: the clock moves
        // on while the task is on its way there.
        let events = zip(recorder.events, recorder.events.dropFirst() + [""])
            .filter { $0 != "willWait" || $1 != "willWait" }.map(\.0)
        #expect(
            events == [
                "didWait", "willSend 1", "didSend 503", "willWait",
                "didWait", "willSend 2", "didSend closed", "willWait",
                "didWait", "willSend 3", "didSend 429", "willWait",
                "didWait", "willSend 4", "didSend 200",
            ])
    }

    @Test func aDelegateThatThrowsAbandonsTheCall() async throws {
        struct Stop: Error {}
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(200) }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.maximumPerHost = 1 })
        let task = Task { [self] in
            try await client.execute(call("x"), delegate: Recorder { throw Stop() }).status
        }
        await #expect(throws: Stop.self) { try await task.value }
        #expect(transport.arrivals.isEmpty)
        // Its place came back.
        #expect(try await client.execute(call("x"), delegate: Recorder()).status == 200)
    }

    @Test func noHostGetsMoreCallsAtATimeThanItMay() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in
            for _ in 0..<3 { await Task.yield() }
            return .status(200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.maximumPerHost = 3 })
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask { [self] in
                    try await client.execute(
                        call("\(number)", host: number % 2 == 0 ? "a" : "b"), delegate: Recorder()
                    ).status
                }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(transport.arrivals.count == 200)
        #expect(transport.mostInFlight.values.allSatisfy { $0 <= 3 })
    }

    /// Regression: only the retry's and the breaker's were looked at, one after the other; the others stopped the program.
    @Test func optionsThatCannotWorkAreAllNamed() {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(200) }
        let error = #expect(throws: InvalidOptionsError.self) {
            try ResilientHTTPClient(
                transport: transport,
                options: options {
                    $0.timeout = .zero
                    $0.totalTimeout = .seconds(-1)
                    $0.maxRetries = -1
                    $0.maxRefusals = -1
                    $0.backoff.base = .seconds(-1)
                    $0.maxRetryAfter = .seconds(-1)
                    $0.breaker?.halfOpenPermits = 0
                    $0.breaker?.halfOpenTimeLimit = .zero
                    $0.maximumPerHost = 0
                })
        }
        #expect(
            error?.problems.map(\.field) == [
                "timeout", "totalTimeout", "maxRetries", "maxRefusals", "backoff.base", "maxRetryAfter",
                "breaker.halfOpenPermits", "breaker.halfOpenTimeLimit", "maximumPerHost",
            ])
    }

    /// Regression: stopped the program, though a call's own timeout often comes from data.
    @Test func aCallWhoseTimeoutCannotWorkIsNotSent() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in .status(200) }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        var call = call("x")
        call.timeout = .zero
        let failure = await #expect(throws: HTTPFailure.self) { try await client.execute(call, delegate: Recorder()) }
        #expect(failure?.kind == .invalid && failure?.mayHaveBeenSent == false)
        #expect(transport.arrivals.isEmpty)
    }
}
#endif
