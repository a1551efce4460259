import ConcertoResilience
import ConcertoTesting
import Testing

/// Changes of state are told when they happen, whoever makes them happen.
struct CircuitBreakerReportingTests {
    private let clock = ManualClock()
    private let telemetry = ResilienceTelemetry()
    private let seen = Log<ResilienceEvent.Name>()

    private func makeBreaker(_ change: (inout CircuitBreakerOptions) -> Void = { _ in }) throws -> CircuitBreaker {
        var options = CircuitBreakerOptions()
        options.trip = .consecutiveFailures(1)
        options.clock = clock
        options.telemetry = telemetry
        change(&options)
        _ = telemetry.addListener { [seen] in seen.append($0.name) }
        return try CircuitBreaker(options: options)
    }

    private func fail(_ breaker: CircuitBreaker) async {
        _ = try? await breaker.execute { () async throws -> Void in throw Failure() }
    }

    /// Regression: `retryAfter` made the change, and told nobody.
    @Test func askingForTheWaitTellsOfTheChangeThatItMakes() async throws {
        let breaker = try makeBreaker()
        await fail(breaker)
        clock.advance(by: .seconds(5))
        #expect(breaker.retryAfter == .zero)
        #expect(seen.entries == [.circuitOpened, .circuitHalfOpened])
    }

    /// Regression: where all callers wait, the timer that opened the circuit told nobody before the next break was over.
    @Test func aProbeThatHangsIsToldWhenItsTimeIsUpAlsoIfAllCallersWait() async throws {
        let breaker = try makeBreaker {
            $0.whenOpen = .wait
            $0.halfOpenTimeLimit = .seconds(30)
        }
        await fail(breaker)
        let gate = Gate()
        let probe = Task { try await breaker.execute { await gate.wait() } }
        await settle { breaker.statistics.waiters == 1 }
        clock.advance(by: .seconds(5))
        await gate.arrival()
        let waiting = Task { try await breaker.execute {} }
        await settle { breaker.statistics.waiters == 1 }
        #expect(seen.entries == [.circuitOpened, .circuitHalfOpened])
        clock.advance(by: .seconds(30))
        #expect(seen.entries == [.circuitOpened, .circuitHalfOpened, .circuitOpened])
        clock.advance(by: .seconds(5))
        try await waiting.value
        gate.open()
        try await probe.value
    }

    /// Regression: a break that a function says was asked for under the breaker's lock, and a function that looked at the
    /// breaker waited for itself.
    @Test func aFunctionThatSaysHowLongABreakLastsMayUseTheBreaker() async throws {
        let asked = Log<CircuitState?>()
        let breakers = Log<CircuitBreaker>()
        let breaker = try makeBreaker {
            $0.breakDuration = .generated { _ in
                let breaker = breakers.entries.first
                asked.append(breaker?.state)
                // Nobody can know yet.
                #expect(breaker?.retryAfter == nil)
                #expect(breaker?.snapshot() == CircuitSnapshot(state: .open, openFor: nil, consecutiveBreaks: 1))
                clock.advance(by: .seconds(2))
                return .seconds(10)
            }
        }
        breakers.append(breaker)
        await fail(breaker)
        #expect(asked.entries == [.open])
        // The break has begun with the failure.
        #expect(breaker.retryAfter == .seconds(8))
        #expect(seen.entries == [.circuitOpened])
    }
}
