import ConcertoResilience
import ConcertoTesting
import Testing

/// Two timeouts whose time is up at once, and the one further out hears of it last.
struct TimeoutRaceTests {
    private let clock = ManualClock()
    private let executor = ManualExecutor()

    private func second(_ number: Int64) -> TimerInstant { TimerInstant(nanoseconds: number * 1_000_000_000) }

    /// Starts `body` at second 1 under an `outer` limit of three seconds, and runs what is ready at second 4 before the outer
    /// timeout's timer fires.
    private func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let outer = Timeout(.seconds(3), kind: .native, clock: clock)
        // Leaves a timer at second 3, which is only then set for second 4: behind all that is set for then by now.
        executor.task { try await outer.execute {} }
        executor.runUntilIdle()
        clock.advance(to: second(1))
        let task = executor.task { try await outer.execute { try await body() } }
        executor.runUntilIdle()
        _ = clock.schedule(at: second(4)) { [executor] in executor.runUntilIdle() }
        clock.advance(to: second(4))
        executor.runUntilIdle()
        await #expect(throws: TimeoutError(limit: .seconds(3))) { try await task.value }
    }

    /// Regression: an inner timeout that the outer deadline had shortened was first, and its own limit was named.
    @Test func theOuterOfTwoNativeTimeoutsIsNamedWhoeverIsFirst() async throws {
        let inner = Timeout(.seconds(10), kind: .native, clock: clock)
        try await run { [clock] in try await inner.execute { try await clock.sleep(for: .seconds(60)) } }
    }

    /// Regression: what a body threw late passed, if it threw before the timer had fired.
    @Test func anErrorThatComesWhenTheTimeIsUpIsATimeoutAlsoBeforeTheTimerFires() async throws {
        try await run { [clock] in
            try await clock.sleep(for: .seconds(3))
            throw Failure()
        }
    }
}
