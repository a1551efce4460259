import ConcertoResilience
import ConcertoTesting
import Testing

/// Breakers that are moved together, that go on under other options, and that tell of their changes.
struct CircuitControlTests {
    private let clock = ManualClock()

    private func options(_ change: (inout CircuitBreakerOptions) -> Void = { _ in }) -> CircuitBreakerOptions {
        var options = CircuitBreakerOptions()
        options.trip = .consecutiveFailures(2)
        options.clock = clock
        change(&options)
        return options
    }

    private func fail(_ breaker: CircuitBreaker, times: Int) async {
        for _ in 0..<times { _ = try? await breaker.execute { () async throws -> Void in throw Failure() } }
    }

    @Test func `one control isolates and closes several breakers, and those made later start isolated`() throws {
        let control = CircuitControl()
        let breakers = try (0..<3).map { _ in try CircuitBreaker(options: options { $0.control = control }) }
        let stranger = try CircuitBreaker(options: options())
        control.isolate()
        #expect(control.isIsolated && breakers.allSatisfy { $0.state == .isolated } && stranger.state == .closed)
        let late = try CircuitBreaker(options: options { $0.control = control })
        #expect(late.state == .isolated)
        control.close()
        #expect((breakers + [late]).allSatisfy { $0.state == .closed })
        #expect(try CircuitBreaker(options: options { $0.control = CircuitControl(isolated: true) }).state == .isolated)
    }

    @Test func `a control keeps no breaker alive`() throws {
        let control = CircuitControl()
        weak var breaker: CircuitBreaker?
        do {
            let made = try CircuitBreaker(options: options { $0.control = control })
            breaker = made
            #expect(breaker != nil)
        }
        #expect(breaker == nil)
        for _ in 0..<200 { _ = try CircuitBreaker(options: options { $0.control = control }) }
        control.isolate()
    }

    @Test func `changes call their closures in their order`() async throws {
        let log = Log<String>()
        let breaker = try CircuitBreaker(
            options: options {
                $0.name = "users"
                $0.onOpened = { opening in
                    log.append(
                        "opened \(opening.breaker ?? "") \(opening.breakDuration.map { "\($0)" } ?? "for good") \(opening.cause.map { "\($0)" } ?? "by hand")"
                    )
                }
                $0.onHalfOpened = { log.append("half-open") }
                $0.onClosed = { log.append("closed") }
            })
        await fail(breaker, times: 2)
        clock.advance(by: .seconds(5))
        try await breaker.execute {}
        breaker.isolate()
        #expect(
            log.entries
                == [
                    "opened users 5.0 seconds Failure(number: 0)", "half-open", "closed",
                    "opened users for good by hand",
                ])
    }

    @Test func `a breaker goes on under other options where another stands`() async throws {
        let first = try CircuitBreaker(options: options { $0.trip = .consecutiveFailures(3) })
        await fail(first, times: 2)
        let second = try CircuitBreaker(options: options { $0.trip = .consecutiveFailures(4) }, continuing: first)
        await fail(second, times: 1)
        #expect(second.state == .closed)
        await fail(second, times: 1)
        #expect(second.state == .open && first.state == .open)
        #expect(second.retryAfter == .seconds(5))
        let third = try CircuitBreaker(options: options { $0.breakDuration = .fixed(.seconds(60)) }, continuing: second)
        // What has been said stays so.
        #expect(third.retryAfter == .seconds(5))
        clock.advance(by: .seconds(5))
        await fail(third, times: 1)
        #expect(third.retryAfter == .seconds(60))
    }

    @Test func `the window keeps its calls if it is the same`() async throws {
        let half = CircuitBreakerOptions.Trip.failureRatio(0.5, minimumThroughput: 100, window: .count(100))
        let first = try CircuitBreaker(options: options { $0.trip = half })
        await fail(first, times: 9)
        let same = CircuitBreakerOptions.Trip.failureRatio(0.2, minimumThroughput: 10, window: .count(100))
        let second = try CircuitBreaker(options: options { $0.trip = same }, continuing: first)
        #expect(second.counts.failures == 9)
        let other = CircuitBreakerOptions.Trip.failureRatio(0.2, minimumThroughput: 10, window: .count(50))
        let third = try CircuitBreaker(options: options { $0.trip = other }, continuing: second)
        #expect(third.counts.calls == 0)
    }

    @Test func `a breaker on another clock cannot go on`() throws {
        let first = try CircuitBreaker(options: options())
        let error = try #require(throws: InvalidOptionsError.self) {
            try CircuitBreaker(options: options { $0.clock = ManualClock() }, continuing: first)
        }
        #expect(error.problems.map(\.field) == ["clock"])
    }
}
