import ConcertoResilience
import ConcertoTesting
import Testing

/// The table of events: each with its severity and with what it says.
struct ResilienceEventTests {
    private let clock = ManualClock()
    private let telemetry = ResilienceTelemetry()

    private func events(_ name: ResilienceEvent.Name, _ body: () async throws -> Void) async rethrows
        -> [ResilienceEvent]
    {
        let log = Log<ResilienceEvent>()
        let registration = telemetry.addListener { if $0.name == name { log.append($0) } }
        try await body()
        registration.remove()
        return log.entries
    }

    private func fail(_ strategy: some ResilienceStrategy) async {
        _ = try? await strategy.execute("load") { () async throws -> Void in throw Failure(number: 7) }
    }

    @Test func anExpiredTimeoutSaysItsLimitAndTheBodysOwnError() async throws {
        let timeout = Timeout(.seconds(2), name: "attempt", clock: clock, telemetry: telemetry)
        let gate = Gate()
        let seen = await events(.timeout) {
            let task = Task {
                try await timeout.execute("load") { () async throws -> Void in
                    await gate.wait()
                    throw Failure(number: 7)
                }
            }
            await gate.arrival()
            clock.advance(by: .seconds(2))
            gate.open()
            _ = await task.result
        }
        #expect(seen.map(\.severity) == [.error] && seen.map(\.duration) == [.seconds(2)])
        #expect(seen.first?.error as? Failure == Failure(number: 7))
        #expect(seen.first?.strategy == "attempt" && seen.first?.operation == "load")
    }

    @Test func aRetrySaysHowLongItWaitsAndWhenThereAreNoMore() async throws {
        let retry = Retry(
            maxRetries: 1, backoff: .constant(.seconds(3)), budget: nil, name: "users", clock: clock,
            telemetry: telemetry)
        let run = { await clock.drive { await fail(retry) } }
        let again = await events(.retryAttempt, run)
        #expect(again.map(\.severity) == [.warning] && again.map(\.delay) == [.seconds(3)])
        #expect(again.first?.error as? Failure == Failure(number: 7) && again.first?.attempt == 1)
        let ended = await events(.retryExhausted, run)
        #expect(ended.map(\.severity) == [.error] && ended.map(\.attempt) == [2] && ended.first?.delay == nil)
    }

    @Test(arguments: [RetryOptions.BudgetExhaustion.fail, .wait])
    func anEmptyBudgetIsTold(_ exhaustion: RetryOptions.BudgetExhaustion) async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 1, ttl: .seconds(1), clock: clock)
        let retry = Retry(
            maxRetries: 1, backoff: .none, budget: budget, whenBudgetExhausted: exhaustion, clock: clock,
            telemetry: telemetry)
        #expect(budget.tryWithdraw())
        let isWaiting = exhaustion == .wait
        let seen = await events(isWaiting ? .retryBudgetWaiting : .retryBudgetExhausted) {
            await clock.drive { await fail(retry) }
        }
        #expect(seen.map(\.severity) == [isWaiting ? .warning : .error])
        #expect(seen.first?.error as? Failure == Failure(number: 7))
    }

    @Test func changesOfACircuitSayTheirCauseAndTheBreak() async throws {
        let breaker = CircuitBreaker(
            consecutiveFailures: 1, breakFor: .seconds(5), name: "db", clock: clock, telemetry: telemetry)
        let opened = await events(.circuitOpened) { await fail(breaker) }
        #expect(opened.map(\.severity) == [.error] && opened.map(\.delay) == [.seconds(5)])
        #expect(opened.first?.error as? Failure == Failure(number: 7))
        clock.advance(by: .seconds(2))
        let rejected = await events(.circuitRejected) { await fail(breaker) }
        #expect(rejected.map(\.severity) == [.error] && rejected.map(\.delay) == [.seconds(3)])
        #expect(rejected.first?.error is CircuitOpenError && rejected.first?.operation == "load")
        clock.advance(by: .seconds(3))
        let halfOpened = await events(.circuitHalfOpened) { #expect(breaker.state == .halfOpen) }
        #expect(halfOpened.map(\.severity) == [.warning] && halfOpened.first?.error is Failure)
        let closed = try await events(.circuitClosed) { try await breaker.execute {} }
        #expect(closed.map(\.severity) == [.information] && closed.first?.error == nil)
        let isolated = await events(.circuitIsolated) { breaker.isolate() }
        #expect(isolated.map(\.severity) == [.error] && isolated.map(\.strategy) == ["db"])
    }

    /// Regression: a limiter that was waited for by itself, further in, did not say what for.
    @Test func aLimiterSaysHowLongACallWaitedAlsoIfItIsUsedByItself() async throws {
        let limiter = RateLimiter(.smooth(1, per: .seconds(1)), name: "api", clock: clock, telemetry: telemetry)
        let around = ResiliencePipeline { NoStrategy() }
        let seen = await events(.rateLimiterWaited) {
            await clock.drive {
                for _ in 0..<2 { _ = try? await around.execute("load") { try await limiter.acquire() } }
            }
        }
        #expect(seen.map(\.severity) == [.debug] && seen.map(\.duration) == [.seconds(1)])
        #expect(seen.map(\.strategy) == ["api"] && seen.map(\.operation) == ["load"])
    }

    @Test func whoIsTurnedAwayIsTold() async throws {
        let bulkhead = ConcurrencyLimiter(permits: 1, queueLimit: 0, name: "db", clock: clock, telemetry: telemetry)
        #expect(bulkhead.tryAcquire())
        let full = await events(.concurrencyLimiterRejected) { await fail(bulkhead) }
        #expect(full.map(\.severity) == [.error] && full.first?.error is ConcurrencyLimiterRejectedError)
        let throttle = ClientThrottle(name: "quota", clock: clock, random: .seeded(1), telemetry: telemetry)
        let throttled = await events(.clientThrottled) { for _ in 0..<100 { await fail(throttle) } }
        #expect(throttled.count > 50 && throttled.allSatisfy { $0.severity == .error && $0.strategy == "quota" })
        #expect(throttled.allSatisfy { $0.error is ClientThrottledError })
    }

    @Test func aFallbackSaysWhatItReplaced() async throws {
        let fallback = Fallback(name: "stale", telemetry: telemetry) { _ in }
        let seen = await events(.fallback) { await fail(fallback) }
        #expect(seen.map(\.severity) == [.warning] && seen.first?.error as? Failure == Failure(number: 7))
    }

    @Test func aPipelineSaysHowLongItTookAndWhetherItThrew() async throws {
        let pipeline = ResiliencePipeline("users", telemetry: telemetry) {
            Timeout(.seconds(60), kind: .cooperative, clock: clock)
        }
        let seen = await events(.pipelineExecuted) {
            try? await pipeline.execute(in: ResilienceContext(operation: "load")) { _ in }
            await fail(pipeline)
        }
        #expect(seen.map(\.severity) == [.information, .warning] && seen.allSatisfy { $0.duration != nil })
        #expect(seen.map(\.operation) == ["load", "load"] && seen.last?.error is Failure)
    }
}
