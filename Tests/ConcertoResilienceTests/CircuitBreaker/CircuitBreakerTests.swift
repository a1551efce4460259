import ConcertoResilience
import ConcertoTesting
import Testing

struct CircuitBreakerTests {
    private let clock = ManualClock()

    private func makeBreaker(_ change: (inout CircuitBreakerOptions) -> Void = { _ in }) throws -> CircuitBreaker {
        var options = CircuitBreakerOptions()
        options.trip = .consecutiveFailures(2)
        options.breakDuration = .fixed(.seconds(5))
        options.clock = clock
        change(&options)
        return try CircuitBreaker(options: options)
    }

    private func fail(_ breaker: CircuitBreaker, times: Int = 1) async {
        for _ in 0..<times {
            _ = try? await breaker.execute { () async throws -> Void in throw Failure() }
        }
    }

    private func rejection(_ breaker: CircuitBreaker) async -> CircuitOpenError? {
        do {
            try await breaker.execute {}
            return nil
        } catch {
            return error as? CircuitOpenError
        }
    }

    @Test func opensAfterFailuresInARowAndRejects() async throws {
        let breaker = try makeBreaker()
        await fail(breaker)
        try await breaker.execute {}
        await fail(breaker)
        #expect(breaker.state == .closed)
        await fail(breaker)
        #expect(breaker.state == .open)
        clock.advance(by: .seconds(2))
        let error = await rejection(breaker)
        #expect(error?.retryAfter == .seconds(3))
        #expect(error?.retryAdvice == .after(.seconds(3)))
        #expect(error?.cause as? Failure == Failure())
    }

    @Test func aSuccessfulProbeClosesAndAFailedOneOpensAgain() async throws {
        let breaker = try makeBreaker()
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        #expect(breaker.state == .halfOpen)
        await fail(breaker)
        #expect(breaker.state == .open)
        #expect(await rejection(breaker)?.retryAfter == .seconds(5))
        clock.advance(by: .seconds(5))
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }

    @Test func aRatioOpensOnceTheWindowHoldsEnoughCalls() async throws {
        let breaker = try makeBreaker {
            $0.trip = .failureRatio(0.5, minimumThroughput: 4, window: .time(.seconds(10)))
        }
        await fail(breaker, times: 3)
        #expect(breaker.state == .closed)
        try await breaker.execute {}  // the fourth call: 3 of 4 have failed
        #expect(breaker.state == .open)
    }

    /// Regression by design: windows that rotate one part per call keep stale counts after idle time.
    @Test func idleTimeEmptiesTheWindow() async throws {
        let breaker = try makeBreaker {
            $0.trip = .failureRatio(0.5, minimumThroughput: 4, window: .time(.seconds(10)))
        }
        await fail(breaker, times: 3)
        clock.advance(by: .seconds(11))
        #expect(breaker.counts.calls == 0)
        await fail(breaker)
        #expect(breaker.state == .closed)
        #expect(breaker.counts == breaker.counts)
        #expect(breaker.counts.calls == 1)
    }

    @Test func aWindowOverCallsForgetsTheOldest() async throws {
        let breaker = try makeBreaker {
            $0.trip = .failureRatio(0.5, minimumThroughput: 4, window: .count(4))
        }
        for _ in 0..<3 {
            await fail(breaker)
            for _ in 0..<3 { try await breaker.execute {} }
        }
        #expect(breaker.state == .closed)
        await fail(breaker, times: 1)
        await fail(breaker, times: 1)
        #expect(breaker.state == .open)
    }

    @Test func slowCallsOpenTheCircuit() async throws {
        let breaker = try makeBreaker {
            $0.trip = .failureRatio(1, minimumThroughput: 2, window: .time(.seconds(60)))
            $0.slowCalls = .init(duration: .seconds(3), ratio: 1)
        }
        for _ in 0..<2 { try await breaker.execute { clock.advance(by: .seconds(3)) } }
        #expect(breaker.state == .open)
    }

    /// Regression by design: a cancelled caller must neither close a half-open circuit nor keep its permit.
    @Test func aCancelledProbeGivesItsPermitBackAndDecidesNothing() async throws {
        let breaker = try makeBreaker()
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        for _ in 0..<3 {
            await #expect(throws: CancellationError.self) {
                try await breaker.execute { () async throws -> Void in throw CancellationError() }
            }
            #expect(breaker.state == .halfOpen)
        }
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }

    /// Regression by design: a probe that never ends must not block the circuit for ever.
    @Test func probesThatHangOpenTheCircuitAgain() async throws {
        let breaker = try makeBreaker { $0.halfOpenTimeLimit = .seconds(30) }
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        let gate = Gate()
        let probe = Task { try await breaker.execute { await gate.wait() } }
        await gate.arrival()
        #expect(await rejection(breaker)?.state == .halfOpen)
        clock.advance(by: .seconds(30))
        #expect(breaker.state == .open)
        clock.advance(by: .seconds(5))
        try await breaker.execute {}
        #expect(breaker.state == .closed)
        gate.open()
        try await probe.value
    }

    @Test func aHalfOpenCircuitThatNobodyCallsStaysHalfOpen() async throws {
        let breaker = try makeBreaker { $0.halfOpenTimeLimit = .seconds(30) }
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        #expect(breaker.state == .halfOpen)
        clock.advance(by: .seconds(100))
        #expect(breaker.state == .halfOpen)
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }

    /// Regression by design: a result from before the trip must not decide a half-open circuit.
    @Test func resultsOfAnEarlierEraAreIgnored() async throws {
        let breaker = try makeBreaker { $0.halfOpenSuccesses = 2 }
        let gate = Gate()
        let early = Task { try await breaker.execute { await gate.wait() } }
        await gate.arrival()
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        try await breaker.execute {}
        #expect(breaker.state == .halfOpen)
        gate.open()
        try await early.value
        #expect(breaker.state == .halfOpen)
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }

    /// Regression by design: while half-open, `retryAfter` must not be a guess from the fixed break, nor negative.
    @Test func retryAfterIsRightForGeneratedBreaksAndUnknownWhileHalfOpen() async throws {
        let breaker = try makeBreaker {
            $0.breakDuration = .generated { .seconds(10 * $0.consecutiveBreaks) }
        }
        await fail(breaker, times: 2)
        #expect(await rejection(breaker)?.retryAfter == .seconds(10))
        clock.advance(by: .seconds(10))
        await fail(breaker)
        #expect(await rejection(breaker)?.retryAfter == .seconds(20))
        clock.advance(by: .seconds(20))
        let gate = Gate()
        let probe = Task { try await breaker.execute { await gate.wait() } }
        await gate.arrival()
        clock.advance(by: .seconds(1))
        let error = await rejection(breaker)
        #expect(error?.state == .halfOpen)
        #expect(error?.retryAfter == nil)
        #expect(error?.retryAdvice == .unspecified)
        gate.open()
        try await probe.value
    }

    /// Regression by design: one flaky probe must not cost a whole break.
    @Test func severalProbesDecideTogether() async throws {
        let breaker = try makeBreaker {
            $0.halfOpenPermits = 3
            $0.halfOpenSuccesses = 2
            $0.halfOpenFailures = 2
        }
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        await fail(breaker)
        #expect(breaker.state == .halfOpen)
        try await breaker.execute {}
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }

    @Test func breaksGrowWithABackoffAndStartAgainAfterClosing() async throws {
        let breaker = try makeBreaker {
            $0.breakDuration = .backoff(.exponential(base: .seconds(1), cap: .seconds(60), jitter: .none))
        }
        await fail(breaker, times: 2)
        for expected in [1, 2, 4] {
            #expect(breaker.retryAfter == .seconds(expected))
            clock.advance(by: .seconds(expected))
            await fail(breaker)
        }
        clock.advance(by: .seconds(8))
        try await breaker.execute {}
        await fail(breaker, times: 2)
        #expect(breaker.retryAfter == .seconds(1))
    }

    @Test func anIsolatedCircuitStaysOpenUntilItIsClosed() async throws {
        let breaker = try makeBreaker()
        breaker.isolate()
        clock.advance(by: .seconds(1_000))
        let error = await rejection(breaker)
        #expect(error?.state == .isolated)
        #expect(error?.retryAdvice == .never)
        breaker.close()
        try await breaker.execute {}
    }

    @Test func callersCanWaitForTheCircuitToClose() async throws {
        let breaker = try makeBreaker { $0.whenOpen = .wait }
        await fail(breaker, times: 2)
        let gate = Gate()
        let ran = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try await breaker.execute {
                        ran.increment()
                        await gate.wait()
                    }
                }
            }
            await settle { breaker.statistics.waiters == 10 }
            #expect(clock.pending == 1)
            clock.advance(by: .seconds(5))
            await gate.arrival()
            #expect(ran.value == 1)  // the probe
            gate.open()
            try await group.waitForAll()
        }
        #expect(ran.value == 10)
        #expect(breaker.state == .closed)
    }

    @Test func aWaiterOfAnIsolatedCircuitCanBeCancelled() async throws {
        let breaker = try makeBreaker { $0.whenOpen = .wait }
        breaker.isolate()
        let task = Task { try await breaker.execute {} }
        await settle { breaker.statistics.waiters == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// Probes succeed, fail, are cancelled and hang on while the circuit opens and closes: once all have ended, a
    /// half-open circuit has all its permits, and nobody waits.
    @Test(arguments: [CircuitBreakerOptions.WhenOpen.reject, .wait])
    func noProbePermitIsLostUnderRandomCancellation(whenOpen: CircuitBreakerOptions.WhenOpen) async throws {
        let random = seeded()
        let breaker = try makeBreaker {
            $0.halfOpenPermits = 2
            $0.halfOpenSuccesses = 2
            $0.halfOpenFailures = 2
            $0.whenOpen = whenOpen
        }
        let left = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2_000 {
                let yields = random.int(below: 4)
                let outcome = random.int(below: 3)
                let isCancelled = random.int(below: 4) == 0
                left.increment()
                let task = Task {
                    _ = try? await breaker.execute {
                        for _ in 0..<yields { await Task.yield() }
                        if outcome == 0 { throw Failure() }
                        if outcome == 1 { try Task.checkCancellation() }
                    }
                    left.increment(by: -1)
                }
                group.addTask { await task.value }
                if isCancelled { task.cancel() }
                if random.int(below: 10) == 0 { clock.advance(by: .seconds(random.int(below: 6))) }
            }
            await settle {
                clock.advance(by: .seconds(5))
                return left.value == 0
            }
        }
        #expect(breaker.statistics.waiters == 0)
        clock.advance(by: .seconds(5))
        for _ in 0..<2 { try await breaker.execute {} }
        #expect(breaker.state == .closed)
        #expect(clock.pending == 0)
    }

    @Test func changesOfStateAreAStreamInTheirOrder() async throws {
        let breaker = try makeBreaker()
        let states = breaker.states
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        try await breaker.execute {}
        breaker.isolate()
        var seen: [CircuitState] = []
        for await state in states {
            seen.append(state)
            if state == .isolated { break }
        }
        #expect(seen == [.closed, .open, .halfOpen, .closed, .isolated])
    }

    @Test func aSavedCircuitStartsWhereItStood() async throws {
        let breaker = try makeBreaker()
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(2))
        let snapshot = breaker.snapshot()
        #expect(snapshot == CircuitSnapshot(state: .open, openFor: .seconds(3), consecutiveBreaks: 1))
        var options = CircuitBreakerOptions()
        let later = ManualClock()
        options.clock = later
        let restored = try CircuitBreaker(options: options, restoring: snapshot)
        #expect(restored.state == .open)
        #expect(restored.retryAfter == .seconds(3))
        later.advance(by: .seconds(3))
        #expect(restored.state == .halfOpen)
    }

    /// Regression: a number of breaks from data was counted on beyond the range of integers, and trapped.
    @Test func aSavedCircuitThatCannotBeIsNamed() throws {
        let snapshot = CircuitSnapshot(state: .open, openFor: .seconds(-1), consecutiveBreaks: -1)
        let error = try #require(throws: InvalidOptionsError.self) {
            try CircuitBreaker(options: CircuitBreakerOptions(), restoring: snapshot)
        }
        #expect(error.problems.map(\.field) == ["snapshot.openFor", "snapshot.consecutiveBreaks"])
        let most = CircuitSnapshot(state: .closed, consecutiveBreaks: .max)
        let breaker = try CircuitBreaker(options: CircuitBreakerOptions(), restoring: most)
        breaker.open(for: .seconds(1))
        #expect(breaker.snapshot().consecutiveBreaks == .max)
    }

    @Test func resultsCanCountAsFailures() async throws {
        let breaker = try makeBreaker { $0.failureResults = ResultPredicate { (status: Int) in status >= 500 } }
        let pipeline = ResiliencePipeline { breaker }
        for _ in 0..<2 { #expect(try await pipeline.execute { 503 } == 503) }
        #expect(breaker.state == .open)
    }

    @Test func invalidOptionsAreAllNamed() {
        var options = CircuitBreakerOptions()
        options.trip = .failureRatio(0, minimumThroughput: 0, window: .time(.zero))
        options.slowCalls = .init(duration: .zero, ratio: 2)
        options.breakDuration = .fixed(.zero)
        options.halfOpenPermits = 0
        options.halfOpenSuccesses = 0
        options.halfOpenFailures = 0
        options.halfOpenTimeLimit = .zero
        #expect {
            try options.validate()
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == [
                "trip.failureRatio", "trip.minimumThroughput", "trip.window", "slowCalls.duration",
                "slowCalls.ratio", "breakDuration", "halfOpenPermits", "halfOpenSuccesses", "halfOpenFailures",
                "halfOpenTimeLimit",
            ]
        }
    }
}
