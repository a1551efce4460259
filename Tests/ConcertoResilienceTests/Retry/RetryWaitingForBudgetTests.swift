import ConcertoResilience
import ConcertoTesting
import Testing

struct RetryWaitingForBudgetTests {
    private let clock = ManualClock()
    private let discarded = Log<Int>()
    private let announced = Log<TimerInstant>()

    /// Repeats the result 0, with a budget that has nothing left for one second.
    private func makeRetry() throws -> Retry {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 1, ttl: .seconds(1), clock: clock)
        while budget.tryWithdraw() {}
        var options = RetryOptions()
        options.backoff = .none
        options.budget = budget
        options.whenBudgetExhausted = .wait
        options.clock = clock
        options.retryResults = ResultPredicate { (value: Int) in value == 0 }
        options.onRetry = { _ in announced.append(clock.now) }
        options.onDiscard = { if let value = $0 as? Int { discarded.append(value) } }
        return try Retry(options: options)
    }

    /// Regression: the result was thrown away before the budget was waited for, and there was neither result nor retry
    /// when the deadline came first.
    @Test func aResultIsReturnedWhenTheBudgetAllowsNoRetryBeforeTheDeadline() async throws {
        let retry = try makeRetry()
        let outer = Timeout(.milliseconds(500), kind: .cooperative, clock: clock)
        #expect(try await outer.execute { try await retry.execute { 0 } } == 0)
        #expect(discarded.entries == [])
        #expect(announced.entries == [])
    }

    @Test func aRetryIsAnnouncedOnceTheBudgetAllowsIt() async throws {
        let retry = try makeRetry()
        let result = await clock.drive {
            await retry.executeOutcome { (context: ResilienceContext) in context.attempt - 1 }
        }
        #expect(try result.get() == 1)
        #expect(discarded.entries == [0])
        #expect(announced.entries == [TimerInstant(nanoseconds: 1_000_000_000)])
    }
}
