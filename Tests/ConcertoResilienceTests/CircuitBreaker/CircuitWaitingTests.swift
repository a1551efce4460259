import ConcertoResilience
import ConcertoTesting
import Testing

/// A circuit that is waited for, and one that is moved by hand.
struct CircuitWaitingTests {
    private let clock = ManualClock()

    private func openBreaker(_ change: (inout CircuitBreakerOptions) -> Void = { _ in }) throws -> CircuitBreaker {
        var options = CircuitBreakerOptions()
        options.clock = clock
        change(&options)
        let breaker = try CircuitBreaker(options: options)
        breaker.open(for: .seconds(10))
        return breaker
    }

    @Test func aBreakByHandEndsAsATripDoes() async throws {
        let breaker = try openBreaker()
        #expect(breaker.state == .open && breaker.retryAfter == .seconds(10))
        let error = await #expect(throws: CircuitOpenError.self) { try await breaker.execute {} }
        #expect(error?.retryAfter == .seconds(10) && error?.cause == nil)
        clock.advance(by: .seconds(10) - .nanoseconds(1))
        #expect(breaker.state == .open)
        clock.advance(by: .nanoseconds(1))
        #expect(breaker.state == .halfOpen)
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }

    @Test func aBreakerMayStartIsolated() async throws {
        let breaker = try CircuitBreaker(
            options: CircuitBreakerOptions(), restoring: CircuitSnapshot(state: .isolated))
        #expect(breaker.state == .isolated && breaker.retryAfter == nil)
        breaker.close()
        try await breaker.execute {}
    }

    @Test func whoCannotGetInBeforeItsDeadlineIsTurnedAwayAtOnceWithTheWait() async throws {
        let breaker = try openBreaker { $0.whenOpen = .wait }
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(4), kind: .cooperative, clock: clock)
            breaker
        }
        let error = await #expect(throws: CircuitOpenError.self) { try await pipeline.execute {} }
        #expect(error?.retryAfter == .seconds(10))
        #expect(clock.pending == 0 && breaker.statistics.waiters == 0)
    }

    @Test func whoWaitsForAnIsolatedCircuitIsTurnedAwayAtItsDeadline() async throws {
        let breaker = try openBreaker { $0.whenOpen = .wait }
        breaker.isolate()
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(4), kind: .cooperative, clock: clock)
            breaker
        }
        let task = Task { try await pipeline.execute {} }
        await clock.sleepers()
        clock.advance(by: .seconds(4))
        let error = await #expect(throws: CircuitOpenError.self) { try await task.value }
        #expect(error?.state == .isolated && error?.retryAdvice == .never)
        #expect(breaker.statistics.waiters == 0)
    }

    /// A retry around a breaker comes back exactly when a probe may pass.
    @Test func aRetryWaitsAsLongAsTheBreakerSays() async throws {
        let breaker = try openBreaker()
        let pipeline = ResiliencePipeline {
            Retry(maxRetries: 1, backoff: .constant(.seconds(1), jitter: .full), budget: nil, clock: clock)
            breaker
        }
        let passed = await clock.drive { () async -> TimerInstant? in
            try? await pipeline.execute { clock.now }
        }
        #expect(passed == TimerInstant(nanoseconds: 10_000_000_000))
    }

    @Test func aSlowProbeIsAFailedOne() async throws {
        let breaker = try openBreaker { $0.slowCalls = .init(duration: .seconds(3)) }
        clock.advance(by: .seconds(10))
        try await breaker.execute { clock.advance(by: .seconds(3)) }
        #expect(breaker.state == .open && breaker.retryAfter == .seconds(5))
    }

    /// Regression by design: what a probe of a cancelled caller throws says nothing, whatever the verdict would be.
    @Test func aProbeWhoseCallerGivesUpDecidesNothing() async throws {
        let breaker = try openBreaker()
        clock.advance(by: .seconds(10))
        let task = Task {
            try await breaker.execute { () async throws -> Void in
                withUnsafeCurrentTask { $0?.cancel() }
                throw Failure()
            }
        }
        await #expect(throws: Failure.self) { try await task.value }
        #expect(breaker.state == .halfOpen && breaker.retryAfter == .zero)
        try await breaker.execute {}
        #expect(breaker.state == .closed)
    }
}

extension CircuitWaitingTests {
    @Test func `who waited for a circuit passes at once when it closes, and a limiter further in paces them, C7`()
        async throws
    {
        let clock = ManualClock()
        let limiter = ConcurrencyLimiter(permits: 3)
        let breaker = CircuitBreaker(consecutiveFailures: 1, breakFor: .seconds(1), whenOpen: .wait, clock: clock)
        let pipeline = ResiliencePipeline {
            breaker
            limiter
        }
        _ = try? await pipeline.execute { () async throws -> Void in throw Failure() }
        let gate = Gate()
        let tasks = (0..<20).map { _ in Task { try await pipeline.execute { await gate.wait() } } }
        await settle { breaker.statistics.waiters == 20 }
        clock.advance(by: .seconds(1))
        await gate.arrival(of: 1)
        #expect(limiter.inUse == 1)  // the probe
        #expect(breaker.statistics.waiters == 19)
        breaker.close()
        await gate.arrival(of: 3)
        await settle { limiter.statistics.waiters == 17 }
        #expect(limiter.inUse == 3)
        gate.open()
        for task in tasks { try await task.value }
    }
}
