import Concerto
import ConcertoResilience
import ConcertoTesting

func topic44() async throws {
    let (clock, executor) = (ManualClock(), ManualExecutor())
    let limiter = RateLimiter(.tokenBucket(capacity: 1, refill: 10, per: .seconds(1)), clock: clock)
    let calls = executor.task {
        for _ in 1...21 { try await limiter.acquire() }
    }
    repeat { executor.runUntilIdle() } while clock.advanceToNextTimer()
    try await calls.value
    print("21 calls in \(clock.now.nanoseconds / 1_000_000) virtual ms")

    let database = AsyncSemaphore(permits: 3)
    let (inside, most) = (Counter(), Counter())
    try await (1...50).forEachConcurrently(limit: 50) { _ in
        try await database.withPermit {
            most.raise(to: inside.add())
            await Task.yield()
            inside.subtract()
        }
    }
    print("never more than 3 queries at once: \(most.value <= 3)")
}
