import ConcertoTesting
import Testing

@testable import ConcertoResilience

/// Shares are exact, and what a half-open circuit has counted can be read.
struct CircuitRatioTests {
    private let clock = ManualClock()

    private func makeBreaker(_ change: (inout CircuitBreakerOptions) -> Void) throws -> CircuitBreaker {
        var options = CircuitBreakerOptions()
        options.clock = clock
        change(&options)
        return try CircuitBreaker(options: options)
    }

    private func call(_ breaker: CircuitBreaker, fails: Bool) async {
        _ = try? await breaker.execute { () async throws -> Void in if fails { throw Failure() } }
    }

    /// 0.07 · 100 is 7.000000000000001.
    @Test(arguments: [(7, 100), (14, 100), (28, 100), (56, 100), (7, 50), (14, 50), (7, 25), (29, 100), (57, 100)])
    func `a share that is met exactly opens the circuit, C3`(failures: Int, calls: Int) async throws {
        let breaker = try makeBreaker {
            $0.trip = .failureRatio(
                Double("\(Double(failures * 100 / calls) / 100)") ?? 0, minimumThroughput: calls,
                window: .count(calls))
        }
        for number in 1..<calls { await call(breaker, fails: number > calls - failures) }
        #expect(breaker.state == .closed)
        await call(breaker, fails: true)
        #expect(breaker.state == .open)
    }

    @Test func `every share of a whole percent is exact, C3`() async throws {
        for percent in 1...100 {
            let ratio = try #require(Double("\(percent)e-2"))
            let breaker = try makeBreaker {
                $0.trip = .failureRatio(ratio, minimumThroughput: 100, window: .count(100))
            }
            for number in 1...99 { await call(breaker, fails: number > 100 - percent) }
            #expect(breaker.state == .closed, "\(percent) %")
            await call(breaker, fails: true)
            #expect(breaker.state == .open, "\(percent) %")
        }
    }

    @Test func `a share of slow calls that is met exactly opens the circuit, C3`() async throws {
        let breaker = try makeBreaker {
            $0.trip = .failureRatio(1, minimumThroughput: 100, window: .count(100))
            $0.slowCalls = .init(duration: .seconds(1), ratio: 0.07)
        }
        for number in 1...100 {
            try await breaker.execute { if number > 93 { clock.advance(by: .seconds(1)) } }
        }
        #expect(breaker.state == .open)
    }

    @Test func `the probes that a half-open circuit has counted can be read`() async throws {
        let breaker = try makeBreaker {
            $0.trip = .consecutiveFailures(1)
            $0.halfOpenSuccesses = 3
            $0.halfOpenFailures = 3
        }
        await call(breaker, fails: true)
        clock.advance(by: .seconds(5))
        #expect(breaker.counts == CallCounts(calls: 0, failures: 0, slow: 0))
        await call(breaker, fails: false)
        await call(breaker, fails: true)
        await call(breaker, fails: true)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.counts == CallCounts(calls: 3, failures: 2, slow: 0))
    }

    @Test func `half-open permits are how many probes run at a time, not how many there are`() async throws {
        let breaker = try makeBreaker {
            $0.trip = .consecutiveFailures(1)
            $0.halfOpenPermits = 1
            $0.halfOpenSuccesses = 3
        }
        await call(breaker, fails: true)
        clock.advance(by: .seconds(5))
        for _ in 0..<2 { await call(breaker, fails: false) }
        #expect(breaker.state == .halfOpen)
        await call(breaker, fails: false)
        #expect(breaker.state == .closed)
    }
}
