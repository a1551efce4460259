import ConcertoResilience
import ConcertoTesting
import Testing

/// Defects of the retry and its back-off that were found from outside.
struct RetryDefectTests {
    private let clock = ManualClock()

    private func cancelledInItsDelay(_ budget: RetryBudget, onDiscard: Bool = false) async throws {
        var options = RetryOptions()
        options.backoff = .constant(.seconds(1))
        options.budget = budget
        options.clock = clock
        let retry = try Retry(options: options)
        let task = Task { try await retry.execute { () async throws -> Void in throw Failure() } }
        await clock.sleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a retry that is cancelled in its delay is given back to the budget, C1`() async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 1, ttl: .seconds(10), clock: clock)
        for _ in 0..<20 { try await cancelledInItsDelay(budget) }
        #expect(budget.balance == 10)
        // What was taken is forgotten after its time, and so is what was given back.
        #expect(budget.tryWithdraw())
        clock.advance(by: .seconds(11))
        #expect(budget.balance == 10)
    }

    @Test func `a retry that is cancelled while its result is discarded is given back, C1`() async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 1, ttl: .seconds(10), clock: clock)
        var options = RetryOptions()
        options.backoff = .none
        options.budget = budget
        options.clock = clock
        options.retryResults = ResultPredicate { (_: Int) in true }
        options.onDiscard = { _ in withUnsafeCurrentTask { $0?.cancel() } }
        let retry = try Retry(options: options)
        let task = Task { try await retry.execute { 1 } }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(budget.balance == 10)
    }

    @Test func `what is given back after it was forgotten changes nothing, C1`() async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 1, ttl: .seconds(10), clock: clock)
        var options = RetryOptions()
        options.backoff = Backoff(growth: .constant, base: .seconds(30), cap: .seconds(30), jitter: .none)
        options.budget = budget
        options.clock = clock
        let retry = try Retry(options: options)
        let task = Task { try await retry.execute { () async throws -> Void in throw Failure() } }
        await clock.sleepers()
        #expect(budget.balance == 9)
        clock.advance(by: .seconds(20))
        #expect(budget.balance == 10)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(budget.balance == 10)
    }

    @Test func `a retry that waits gets what another gives back, C1`() async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 0.1, ttl: .seconds(10), clock: clock)
        let retry = Retry(backoff: .constant(.seconds(5)), budget: budget, clock: clock)
        let first = Task { try await retry.execute { () async throws -> Void in throw Failure() } }
        await clock.sleepers()
        #expect(budget.balance == 0)
        let second = Task { try await budget.withdraw() }
        await settle { budget.waiting == 1 }
        first.cancel()
        try await second.value
        await #expect(throws: CancellationError.self) { try await first.value }
    }

    @Test func `who is cancelled in a delay still finds the operation's error in the telemetry, C6`() async throws {
        let telemetry = ResilienceTelemetry()
        let seen = Log<String>()
        let registration = telemetry.addListener { event in
            seen.append("\(event.name.rawValue) \(event.error.map { "\($0)" } ?? "")")
        }
        let retry = Retry(backoff: .constant(.seconds(1)), clock: clock, telemetry: telemetry)
        let task = Task { try await retry.execute { () async throws -> Void in throw Failure(number: 7) } }
        await clock.sleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        registration.remove()
        #expect(seen.entries == ["attempt.executed Failure(number: 7)", "retry.attempt Failure(number: 7)"])
    }

    @Test(arguments: [
        Backoff(growth: .constant, base: .seconds(5), cap: .seconds(1)),
        .exponential(base: .seconds(5), cap: .seconds(1)), .exponential(base: .seconds(5), cap: .zero),
        .linear(base: .nanoseconds(2), cap: .nanoseconds(1)),
    ])
    func `a cap below the base is named, C5`(backoff: Backoff) throws {
        let error = try #require(throws: InvalidOptionsError.self) { try backoff.validate() }
        #expect(error.problems.map(\.field) == ["cap"])
    }

    @Test(arguments: [
        Backoff.none, .constant(.zero), .constant(.seconds(60), jitter: .proportional(0.5)),
        .exponential(base: .seconds(30)), .linear(base: .seconds(21)), .exponential(base: .seconds(20)),
        Backoff(growth: .constant, base: .seconds(1), cap: .seconds(1)),
    ])
    func `a base beyond the default cap raises that, C5`(backoff: Backoff) throws {
        try backoff.validate()
        #expect(backoff.cap >= backoff.base)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan, 1e300, -1])
    func `a fraction that cannot be is named and does not overflow`(fraction: Double) throws {
        for delay in [Duration.seconds(1), .seconds(Int64.max), .zero] {
            let backoff = Backoff.constant(delay, jitter: .proportional(fraction))
            let error = try #require(throws: InvalidOptionsError.self) { try backoff.validate() }
            #expect(error.problems.map(\.field).contains("jitter.proportional"))
        }
    }
}
