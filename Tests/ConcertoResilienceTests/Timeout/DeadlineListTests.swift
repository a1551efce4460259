import ConcertoResilience
import ConcertoTesting
import Testing

struct DeadlineListTests {
    private let clock = ManualClock()

    /// Regression: the list knew that a timer was set, but not for when. With the list empty again, an earlier deadline
    /// was left to a timer that an ended body had set for later.
    @Test func anEarlierDeadlineDoesNotWaitForTheTimerOfABodyThatHasEnded() async throws {
        let timeout = Timeout(.seconds(30), kind: .native, clock: clock)
        try await timeout.execute {}
        let outer = Timeout(.seconds(2), kind: .cooperative, clock: clock)
        let cancelledAt = Log<TimerInstant>()
        let gate = Gate()
        let task = Task {
            try await outer.execute {
                try await timeout.execute {
                    await withTaskCancellationHandler {
                        await gate.wait()
                    } onCancel: {
                        cancelledAt.append(clock.now)
                        gate.open()
                    }
                    try Task.checkCancellation()
                }
            }
        }
        await gate.arrival()
        clock.advance(by: .seconds(30))
        await #expect(throws: TimeoutError.self) { try await task.value }
        #expect(cancelledAt.entries == [TimerInstant(nanoseconds: 2_000_000_000)])
    }

    /// Regression: nobody kept the timer, so a timeout made for one call left it in the clock for its whole limit.
    @Test func aTimeoutThatIsGoneLeavesNoTimer() async throws {
        for _ in 0..<10 { try await Timeout(.seconds(30), kind: .native, clock: clock).execute {} }
        #expect(clock.pending == 0)
    }

    /// Regression: a deadline that had passed already was looked at before the caller's cancellation.
    @Test func aCancelledCallerIsNotToldOfATimeoutWhoseTimeIsUp() async throws {
        let calls = Counter()
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(1), kind: .cooperative, clock: clock)
            Advance(clock: clock, by: .seconds(2))
            Timeout(.seconds(5), kind: .native, clock: clock)
        }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await pipeline.execute { _ = calls.increment() }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(calls.value == 0)
    }
}
