import ConcertoTesting
import Testing

@testable import ConcertoResilience

struct RetryPolicyTests {
    @Test func theAttemptNumberStopsRisingAndTheRetriesGoOn() async throws {
        var options = RetryOptions()
        options.maxRetries = .max
        options.backoff = .exponential(base: .seconds(1), cap: .zero)
        options.budget = nil
        options.clock = ManualClock()
        let policy = RetryPolicy(options)
        let context = ResilienceContext()
        var run = policy.begin(context)
        for expected in [Int.max, .max, .max] {
            run.attempt = max(run.attempt, .max - 1)
            #expect(try await policy.isRepeated(&run, context, Failure()))
            #expect(run.attempt == expected)
        }
    }
}
