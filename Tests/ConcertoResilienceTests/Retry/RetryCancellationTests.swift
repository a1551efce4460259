import ConcertoResilience
import ConcertoTesting
import Testing

/// A caller that gives up where a retry calls foreign code.
struct RetryCancellationTests {
    private let calls = Counter()

    private func cancelMe() { withUnsafeCurrentTask { $0?.cancel() } }

    private func expectOneCall(_ change: (inout RetryOptions) -> Void, _ body: @escaping @Sendable () throws -> Int)
        async throws
    {
        var options = RetryOptions()
        options.backoff = .none
        options.budget = nil
        options.clock = ManualClock()
        change(&options)
        let retry = try Retry(options: options)
        let task = Task {
            try await retry.execute {
                calls.increment()
                return try body()
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(calls.value == 1)
    }

    /// Regression: only a delay looked for the caller's cancellation, and a back-off without delay has none.
    @Test func aCallerThatGivesUpWhenToldOfARetryMakesNoMoreAttempts() async throws {
        try await expectOneCall({ $0.onRetry = { [self] _ in cancelMe() } }) { throw Failure() }
    }

    /// Regression: as above; the result had been thrown away, and was asked for again.
    @Test func aCallerThatGivesUpWhileAResultIsDiscardedMakesNoMoreAttempts() async throws {
        try await expectOneCall({
            $0.retryResults = ResultPredicate { (value: Int) in value == 0 }
            $0.onDiscard = { [self] _ in cancelMe() }
        }) { 0 }
    }
}
