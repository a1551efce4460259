import ConcertoResilience
import ConcertoTesting
import Testing

/// The stream of ``CircuitBreaker/states``.
struct CircuitStatesTests {
    /// Regression: the state was read before the stream was registered, without saying up to which change. A change
    /// between the two was lost; one that had still to be reported came twice.
    @Test func aStreamThatBeginsWhileAChangeIsReportedTellsItOnce() async throws {
        let telemetry = ResilienceTelemetry()
        var options = CircuitBreakerOptions()
        options.trip = .consecutiveFailures(1)
        options.telemetry = telemetry
        options.clock = ManualClock()
        let breaker = try CircuitBreaker(options: options)
        let streams = Log<AsyncStream<CircuitState>>()
        let registration = telemetry.addListener { [weak breaker] event in
            guard event.name == .circuitOpened, let breaker else { return }
            breaker.isolate()  // waits to be reported until this listener has returned
            streams.append(breaker.states)
        }
        _ = try? await breaker.execute { () async throws -> Void in throw Failure() }
        registration.remove()
        breaker.close()
        var seen: [CircuitState] = []
        for await state in try #require(streams.entries.first) {
            seen.append(state)
            if state == .closed { break }
        }
        #expect(seen == [.isolated, .closed])
    }

    /// Regression: nobody finished the streams of a breaker that was gone, and their consumers waited for ever.
    @Test func aStreamEndsWithItsBreaker() async {
        var breaker: CircuitBreaker? = CircuitBreaker(consecutiveFailures: 1, clock: ManualClock())
        let states = breaker?.states
        breaker?.isolate()
        breaker = nil
        var seen: [CircuitState] = []
        if let states { for await state in states { seen.append(state) } }
        #expect(seen == [.closed, .isolated])
    }
}
