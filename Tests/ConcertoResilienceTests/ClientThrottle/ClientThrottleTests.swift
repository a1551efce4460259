import ConcertoResilience
import ConcertoTesting
import Testing

struct ClientThrottleTests {
    private let clock = ManualClock()

    private func run(_ throttle: ClientThrottle, failing: Bool) async -> (sent: Bool, Void) {
        let sent = Counter()
        _ = try? await throttle.execute { () async throws -> Void in
            sent.increment()
            if failing { throw Failure() }
        }
        return (sent.value == 1, ())
    }

    @Test func aHealthyDependencyIsNeverThrottled() async {
        let throttle = ClientThrottle(clock: clock, random: seeded())
        for _ in 0..<1_000 { #expect(await run(throttle, failing: false).sent) }
        #expect(throttle.rejectionProbability == 0)
    }

    /// `p = (requests − K · accepts) / (requests + 1)`, counted before sending.
    @Test func theProbabilityFollowsItsFormula() async {
        let throttle = ClientThrottle(clock: clock, random: seeded())
        for index in 0..<100 {
            let expected = Double(index) / Double(index + 1)
            #expect(abs(throttle.rejectionProbability - expected) < 1e-12)
            _ = await run(throttle, failing: true)
        }
    }

    @Test func theMultiplierLetsSoManyThroughForEachThatIsAccepted() async {
        let throttle = ClientThrottle(multiplier: 1.5, clock: clock, random: seeded())
        for _ in 0..<20 { _ = await run(throttle, failing: false) }
        for refused in 0..<100 {
            let expected = max(0, (Double(20 + refused) - 1.5 * 20) / Double(20 + refused + 1))
            #expect(abs(throttle.rejectionProbability - expected) < 1e-12)
            _ = await run(throttle, failing: true)
        }
    }

    @Test func whatIsNoRefusalCountsAsAccepted() async throws {
        var options = ClientThrottle.Options()
        options.clock = clock
        options.isRefusal = { ($0 as? Failure)?.number == 1 }
        let throttle = try ClientThrottle(options: options)
        for _ in 0..<50 {
            _ = try? await throttle.execute { () async throws -> Void in throw Failure(number: 2) }
        }
        #expect(throttle.rejectionProbability == 0)
        _ = try? await throttle.execute { () async throws -> Void in throw Failure(number: 1) }
        #expect(throttle.rejectionProbability == 0)  // one of 51, and twice as many may be refused as are accepted
    }

    @Test func aDeadDependencyGetsFewCallsAndARecoveredOneAllOfThem() async {
        let throttle = ClientThrottle(window: .seconds(10), clock: clock, random: seeded())
        var sent = 0
        for _ in 0..<2_000 { sent += await run(throttle, failing: true).sent ? 1 : 0 }
        #expect(sent < 40)
        // What is let through doubles from window to window.
        for _ in 0..<10_000 {
            clock.advance(by: .milliseconds(20))
            _ = await run(throttle, failing: false)
        }
        #expect(throttle.rejectionProbability == 0)
    }

    /// Regression by design: counters that never decay cannot react after a long healthy run.
    @Test func aLongHealthyPastIsForgotten() async {
        let throttle = ClientThrottle(window: .seconds(10), clock: clock, random: seeded())
        for _ in 0..<10_000 { _ = await run(throttle, failing: false) }
        clock.advance(by: .seconds(11))
        for _ in 0..<50 { _ = await run(throttle, failing: true) }
        #expect(throttle.rejectionProbability > 0.9)
    }

    @Test func cancelledCallsDoNotCount() async {
        let throttle = ClientThrottle(clock: clock, random: seeded())
        for _ in 0..<100 {
            _ = try? await throttle.execute { () async throws -> Void in throw CancellationError() }
        }
        #expect(throttle.rejectionProbability == 0)
    }

    @Test func invalidOptionsAreAllNamed() {
        var options = ClientThrottle.Options()
        options.multiplier = 0.5
        options.window = .zero
        #expect {
            try options.validate()
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == ["multiplier", "window"]
        }
    }
}
