import Concerto
import ConcertoResilience
import ConcertoTesting

func topic45() async throws {
    struct Unavailable: Error {}
    let (clock, executor, attempts) = (ManualClock(), ManualExecutor(), Counter())
    let upstream = ResiliencePipeline("prices") {
        Retry(maxRetries: 4, backoff: .exponential(base: .milliseconds(100), jitter: .none), clock: clock)
    }
    let call = executor.task {
        try await upstream.execute { () async throws -> String in
            if attempts.add() < 4 { throw Unavailable() }
            return "an answer"
        }
    }
    repeat { executor.runUntilIdle() } while clock.advanceToNextTimer()
    print("\(try await call.value) at attempt \(attempts.value)")
    print("after \(clock.now.nanoseconds / 1_000_000) virtual ms: 100, 200 and 400")
}
