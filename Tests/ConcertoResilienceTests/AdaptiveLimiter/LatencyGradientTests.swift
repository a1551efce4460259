import Testing

@testable import ConcertoResilience

/// The arithmetic of Netflix's Gradient2: queue 4, tolerance 1.5, smoothing 0.2, gradient between 0.5 and 1.
struct LatencyGradientTests {
    private func make(initial: Int = 20, _ range: ClosedRange<Double> = 1...200) -> LatencyGradient {
        LatencyGradient(.init(), initial: initial, range: range)
    }

    @Test func `without queueing the limit grows by a fifth of the queue a window`() {
        var gradient = make()
        gradient.update(latency: 100, mostInFlight: 20)
        #expect(gradient.limit == 20 + 0.2 * 4)
        gradient.update(latency: 100, mostInFlight: 20)
        #expect(abs(gradient.limit - 21.6) < 1e-9)
    }

    @Test func `latencies up to the tolerance change nothing about that`() {
        var gradient = make()
        gradient.setBaseline(100)
        gradient.update(latency: 149, mostInFlight: 20)
        #expect(abs(gradient.limit - 20.8) < 1e-9)
    }

    @Test func `at twice the tolerated latency the limit goes towards half`() {
        var gradient = make(initial: 100)
        gradient.setBaseline(100)
        gradient.update(latency: 300, mostInFlight: 100)
        // The long-term latency has moved by 2/601 of the way.
        let long = 100 + 200 * 2.0 / 601
        #expect(abs(gradient.limit - (100 * 0.8 + 0.2 * (100 * 1.5 * long / 300 + 4))) < 1e-9)
        // And never below half, however long calls take.
        var worse = make(initial: 100)
        worse.setBaseline(100)
        worse.update(latency: 1e9, mostInFlight: 100)
        #expect(abs(worse.limit - (80 + 0.2 * 54)) < 1e-9)
    }

    /// A published trap: a limit that grows while nobody uses it says nothing when somebody does.
    @Test func `a limit that is not used does not grow`() {
        var gradient = make()
        for _ in 0..<1_000 { gradient.update(latency: 100, mostInFlight: 9) }
        #expect(gradient.limit == 20)
        gradient.update(latency: 100, mostInFlight: 10)
        #expect(gradient.limit > 20)
    }

    @Test func `the limit stays within its bounds`() {
        var gradient = make(initial: 20, 9...25)
        for _ in 0..<100 { gradient.update(latency: 100, mostInFlight: 200) }
        #expect(gradient.limit == 25)
        for _ in 0..<100 { gradient.update(latency: 1e12, mostInFlight: 200) }
        #expect(gradient.limit == 9)
        for _ in 0..<100 { gradient.overload() }
        #expect(gradient.limit == 9)
    }

    @Test func `a long-term latency that is twice the present one sinks by a twentieth`() {
        var gradient = make()
        gradient.setBaseline(1_000)
        gradient.update(latency: 100, mostInFlight: 20)
        let long = 1_000 - 900 * 2.0 / 601
        #expect(abs(gradient.baseline - 0.95 * long) < 1e-9)
    }
}
