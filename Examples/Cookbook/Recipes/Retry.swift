import Concerto
import ConcertoResilience
import ConcertoTesting

/// Retries with back-off, behind a limit of ten calls a second; in virtual time, so that the example ends at once.
func retry() async throws {
    struct Unavailable: Error {}

    let clock = ManualClock()
    let executor = ManualExecutor()
    let upstream = ResiliencePipeline("upstream") {
        Retry(maxRetries: 4, backoff: .exponential(base: .milliseconds(100), jitter: .none), clock: clock)
        RateLimiter(.tokenBucket(capacity: 1, refill: 10, per: .seconds(1)), clock: clock)
    }
    let attempts = Gauge()
    let call = executor.task {
        try await upstream.execute {
            attempts.enter()
            if attempts.most < 4 { throw Unavailable() }
            return "answer"
        }
    }
    repeat { executor.runUntilIdle() } while clock.advanceToNextTimer()
    print("\(try await call.value) at attempt \(attempts.most), after \(clock.now.nanoseconds / 1_000_000) virtual ms")
}
