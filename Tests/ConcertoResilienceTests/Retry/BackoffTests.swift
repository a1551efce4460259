import ConcertoResilience
import Foundation
import Testing

struct BackoffTests {
    private static let draws = 200_000

    private func delays(
        _ backoff: Backoff, count: Int, drawing draw: @escaping () -> Double = { 0.5 }
    ) -> [Duration] {
        var state = Backoff.State()
        return (0..<count).map { backoff.delay(beforeRetry: $0, state: &state, drawing: draw) }
    }

    @Test func growthFollowsItsFormula() {
        #expect(delays(.constant(.seconds(2)), count: 3) == [.seconds(2), .seconds(2), .seconds(2)])
        #expect(delays(.linear(base: .seconds(2)), count: 3) == [.seconds(2), .seconds(4), .seconds(6)])
        #expect(
            delays(.exponential(base: .seconds(1), factor: 3, jitter: .none), count: 4)
                == [.seconds(1), .seconds(3), .seconds(9), .seconds(20)])
    }

    @Test func noRetryNumberOverflows() {
        let jitters: [Backoff.Jitter] = [
            .none, .full, .equal, .proportional(0.25), .proportional(1), .decorrelated, .decorrelatedV2,
        ]
        let cap = Duration.seconds(100 * 365 * 86_400)
        for jitter in jitters {
            for growth in [Backoff.Growth.constant, .linear, .exponential(factor: 2)] {
                let backoff = Backoff(growth: growth, base: cap, cap: cap, jitter: jitter)
                for draw in [0, 0.5, 1 - 0x1p-53] {
                    var state = Backoff.State()
                    for retry in [0, 1, 63, 64, 1_023, 1_024, 1_025, 1_000_000, .max, .max] {
                        let delay = backoff.delay(beforeRetry: retry, state: &state) { draw }
                        #expect(delay >= .zero && delay <= cap)
                    }
                }
            }
        }
    }

    @Test func noBaseMeansNoDelay() {
        for jitter in [Backoff.Jitter.full, .decorrelated, .decorrelatedV2] {
            #expect(delays(.exponential(base: .zero, jitter: jitter), count: 2) == [.zero, .zero])
        }
    }

    /// Bounds and mean of a uniform distribution in seconds: the mean of n draws is within 6 standard errors.
    @Test(arguments: [
        (Backoff.Jitter.full, 0.0, 4.0), (.equal, 2.0, 4.0), (.proportional(0.25), 3.0, 5.0), (.proportional(1), 0, 8),
    ])
    func jitterIsUniformInItsRange(jitter: Backoff.Jitter, low: Double, high: Double) {
        let random = seeded()
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(1_000), jitter: jitter)
        var sum = 0.0
        for _ in 0..<Self.draws {
            var state = Backoff.State()
            let delay = seconds(backoff.delay(beforeRetry: 2, state: &state, drawing: random.nextUnit))
            if delay < low || delay > high { Issue.record("\(delay) is not in \(low)...\(high)") }
            sum += delay
        }
        let error = (high - low) / Double(12 * Self.draws).squareRoot()
        #expect(abs(sum / Double(Self.draws) - (low + high) / 2) < 6 * error)
    }

    @Test func decorrelatedIsUniformBetweenBaseAndThreeTimesThePrevious() {
        let random = seeded()
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(50), jitter: .decorrelated)
        var sums = [0.0, 0, 0]
        for _ in 0..<Self.draws {
            var state = Backoff.State()
            var previous = 1.0
            for retry in 0..<8 {
                let delay = seconds(backoff.delay(beforeRetry: retry, state: &state, drawing: random.nextUnit))
                if delay < 1 || delay > min(50, 3 * previous) + 1e-9 { Issue.record("\(delay) after \(previous)") }
                previous = delay
                if retry < sums.count { sums[retry] += delay }
            }
        }
        // Each mean is that of a uniform draw between 1 and three times the mean before; the cap is out of reach.
        var mean = 1.0
        for sum in sums {
            mean = (1 + 3 * mean) / 2
            #expect(abs(sum / Double(Self.draws) - mean) < 0.01 * mean)
        }
    }

    /// The medians and maxima that follow from the formula, for a base of one second.
    @Test func decorrelatedV2HasItsPublishedMediansAndItsMeans() {
        let random = seeded()
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(10_000), jitter: .decorrelatedV2)
        var samples = [[Double]](repeating: [], count: 6)
        for _ in 0..<Self.draws {
            var state = Backoff.State()
            for retry in 0..<6 {
                samples[retry].append(
                    seconds(backoff.delay(beforeRetry: retry, state: &state, drawing: random.nextUnit)))
            }
        }
        let medians = [0.898, 1.140, 2.015, 4.016, 8.009, 15.996]
        // The formula's own mean: (F(n) − F(n − 1)) / 1.4, where F(n) is the mean of f over [n, n + 1).
        func mean(_ retry: Int) -> Double {
            guard retry >= 0 else { return 0 }
            let steps = 10_000
            return (0..<steps).reduce(0) { sum, step in
                let time = Double(retry) + (Double(step) + 0.5) / Double(steps)
                return sum + exp2(time) * tanh((4 * time).squareRoot()) / Double(steps)
            }
        }
        for retry in 0..<6 {
            let expected = (mean(retry) - mean(retry - 1)) / 1.4
            #expect(abs(samples[retry].reduce(0, +) / Double(Self.draws) - expected) < 0.01 * expected)
        }
        // (f(n + 1) − f(n − 1)) / 1.4
        let maxima = [1.378, 2.838, 4.327, 8.585, 17.149]
        for (retry, median) in medians.enumerated() {
            let sorted = samples[retry].sorted()
            #expect(abs(sorted[sorted.count / 2] - median) < 0.02 * median)
        }
        for (retry, maximum) in maxima.enumerated() {
            let largest = samples[retry].max() ?? 0
            #expect(largest <= maximum)
            #expect(largest > 0.97 * maximum)
        }
    }

    /// Regression by design: where the cap is applied after the draw, everybody meets at the cap.
    @Test(arguments: [Backoff.Jitter.full, .equal, .proportional(0.25), .decorrelated, .decorrelatedV2])
    func clientsAreSpreadAtTheCapToo(jitter: Backoff.Jitter) {
        let random = seeded()
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(10), jitter: jitter)
        var atCap = 0
        var distinct = Set<Duration>()
        for _ in 0..<10_000 {
            var state = Backoff.State()
            var delay = Duration.zero
            for retry in 0..<12 {
                delay = backoff.delay(beforeRetry: retry, state: &state, drawing: random.nextUnit)
            }
            #expect(delay <= .seconds(10))
            atCap += delay == .seconds(10) ? 1 : 0
            distinct.insert(delay)
        }
        #expect(atCap < 10)
        #expect(distinct.count > 9_900)
    }

    @Test func whatDoesNotFitIsNamed() {
        #expect(fields(of: .linear(base: .seconds(1), jitter: .decorrelatedV2)) == ["jitter"])
        #expect(
            fields(of: .exponential(factor: .infinity, jitter: .proportional(2))) == [
                "factor", "jitter.proportional",
            ])
        #expect(fields(of: .exponential()) == [])
    }

    private func fields(of backoff: Backoff) -> [String] {
        do {
            try backoff.validate()
            return []
        } catch {
            return error.problems.map(\.field)
        }
    }

    private func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
