import ConcertoTesting
import Testing

@testable import ConcertoResilience

/// How many further attempts there may be, and when a quantile says that it is time.
struct HedgingBudgetTests {
    private let clock = ManualClock()

    private func makeHedging(_ change: (inout HedgingOptions) -> Void = { _ in }) throws -> Hedging {
        var options = HedgingOptions()
        options.clock = clock
        options.delay = .fixed(.seconds(1))
        change(&options)
        return try Hedging(options: options)
    }

    @Test func `an empty budget begins no further attempt and lets those under way go on`() async throws {
        // failsafe-go #141
        let telemetry = ResilienceTelemetry()
        let seen = Log<String>()
        let registration = telemetry.addListener { seen.append($0.name.rawValue) }
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 0.1, ttl: .seconds(10), clock: clock)
        #expect(budget.tryWithdraw())
        let hedging = try makeHedging {
            $0.budget = budget
            $0.telemetry = telemetry
        }
        let gate = Gate()
        let call = Task {
            try await hedging.execute { context in
                await gate.wait()
                return context.attempt
            }
        }
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        await settle { seen.entries == ["hedging.budget_exhausted"] }
        gate.open()
        #expect(try await call.value == 1)
        registration.remove()
    }

    @Test func `a budget of its own counts the calls, a shared one only pays`() async throws {
        let shared = RetryBudget(ratio: 1, minimumPerSecond: 0, ttl: .seconds(10), clock: clock)
        let paying = try makeHedging { $0.budget = shared }
        for _ in 0..<5 { try await paying.execute { _ in } }
        #expect(shared.balance == 0)
        let counting = try makeHedging {
            $0.budget = shared
            $0.countsCalls = true
        }
        for _ in 0..<5 { try await counting.execute { _ in } }
        #expect(shared.balance == 5)
        // A retry that shares it: what one takes the other has not.
        let attempt = try await paying.execute { context in
            if context.attempt == 1 { throw Failure() }
            return context.attempt
        }
        #expect(attempt == 2)
        #expect(shared.balance == 4)
    }

    @Test func `twenty per cent of the calls and ten a second at most are made again by default`() async throws {
        let hedging = try makeHedging()
        let attempts = Counter()
        for _ in 0..<1_000 {
            _ = try? await hedging.execute { _ in
                attempts.increment()
                throw Failure()
            }
        }
        // 10 a second over 10 s, and one in five calls.
        #expect(attempts.value == 1_000 + 100 + 200)
    }

    // MARK: Latencies

    @Test func `the delay is the quantile once there are enough samples`() async throws {
        let hedging = try makeHedging {
            $0.delay = .percentile(0.95, initial: .milliseconds(700), minimumSamples: 100)
        }
        let clock = clock
        for number in 1...99 { try await hedging.execute { _ in clock.advance(by: .milliseconds(Int64(number))) } }
        #expect(hedging.delay == .milliseconds(700))
        try await hedging.execute { _ in clock.advance(by: .milliseconds(100)) }
        let delay = try #require(hedging.delay)
        #expect(delay >= .milliseconds(95) && delay <= .milliseconds(95) * 33 / 32)
    }

    @Test func `failures do not count, and old latencies are forgotten`() async throws {
        let hedging = try makeHedging {
            $0.maxHedges = 1
            $0.delay = .percentile(0.5, initial: .seconds(9), minimumSamples: 10)
            $0.budget = nil
        }
        let clock = clock
        for _ in 0..<50 { _ = try? await hedging.execute { _ in throw Failure() } }
        #expect(hedging.delay == .seconds(9))
        for _ in 0..<50 { try await hedging.execute { _ in clock.advance(by: .milliseconds(10)) } }
        #expect(try #require(hedging.delay) < .milliseconds(11))
        clock.advance(by: .seconds(300))
        try await hedging.execute { _ in clock.advance(by: .milliseconds(10)) }
        #expect(hedging.delay == .seconds(9))
    }

    /// Otherwise the quantile would sink from hedge to hedge.
    @Test func `a first attempt that loses counts as slow`() async throws {
        let hedging = try makeHedging {
            $0.delay = .percentile(0.5, initial: .seconds(1), minimumSamples: 1)
            $0.budget = nil
        }
        let gate = Gate()
        let call = Task {
            try await hedging.execute { context in
                if context.attempt == 1 {
                    await withTaskCancellationHandler {
                        await gate.wait()
                    } onCancel: {
                        gate.open()
                    }
                    throw CancellationError()
                }
                return context.attempt
            }
        }
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        #expect(try await call.value == 2)
        let delay = try #require(hedging.delay)
        #expect(delay >= .seconds(1) && delay < .milliseconds(1_032))
    }

    @Test func `a histogram's quantile is at most a thirty-second too long`() {
        let random = seeded()
        var (first, second) = (LatencyHistogram(), LatencyHistogram())
        var values: [Int64] = []
        for number in 0..<5_000 {
            let value = Int64(random.next() >> UInt64(1 + random.int(below: 62)))
            values.append(value)
            if number.isMultiple(of: 2) { first.record(value) } else { second.record(value) }
        }
        values.sort()
        for share in [0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999] {
            let right = values[max(0, Int((share * 5_000).rounded(.up)) - 1)]
            let found = LatencyHistogram.quantile(share, of: first, and: second) ?? -1
            #expect(found >= right && Double(found) <= Double(right) * 33 / 32 + 1, "\(share): \(found), not \(right)")
        }
        #expect(LatencyHistogram.quantile(0.5, of: LatencyHistogram(), and: LatencyHistogram()) == nil)
    }

    @Test func `what happens is reported`() async throws {
        let telemetry = ResilienceTelemetry()
        let seen = Log<String>()
        let registration = telemetry.addListener { event in
            seen.append("\(event.name.rawValue) \(event.severity) \(event.attempt) \(event.strategy ?? "")")
        }
        let told = Log<Int>()
        let hedging = try makeHedging {
            $0.name = "hedge"
            $0.telemetry = telemetry
            $0.onHedge = { told.append($0.attempt) }
        }
        _ = try await hedging.execute { context in if context.attempt == 1 { throw Failure() } }
        registration.remove()
        #expect(seen.entries == ["hedging.attempt warning 2 hedge", "hedging.won information 2 hedge"])
        #expect(told.entries == [2])
    }
}
