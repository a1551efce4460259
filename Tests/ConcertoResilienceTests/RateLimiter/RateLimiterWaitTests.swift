import ConcertoResilience
import ConcertoTesting
import Testing

/// What a limiter says about waits, and how long they are.
struct RateLimiterWaitTests {
    private let clock = ManualClock()

    /// Regression: the caller was let into the queue because its turn came at its deadline, and then turned away because the
    /// timer of the deadline had been set before that of the turn.
    @Test func aTurnThatComesAtTheDeadlineIsNotTooLate() async throws {
        let limiter = RateLimiter(.smooth(1, per: .seconds(1)), maxWait: .seconds(2), clock: clock)
        #expect(limiter.tryAcquire())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<2 {
                group.addTask { try await limiter.acquire() }
                await settle { limiter.statistics.waiters == index + 1 }
            }
            // One timer for the turn and one for each deadline.
            await clock.sleepers(count: 3)
            clock.advance(by: .seconds(2))
            try await group.waitForAll()
        }
        #expect(limiter.available == 0)
        #expect(clock.pending == 0)
    }

    /// Regression: those who wait were counted as being before a caller that is served before them.
    @Test func newestFirstTellsTheWaitOfACallerThatComesNow() async throws {
        let limiter = RateLimiter(.smooth(1, per: .seconds(1)), order: .newestFirst, clock: clock)
        #expect(limiter.tryAcquire())
        let waiting = Task { try await limiter.acquire() }
        await settle { limiter.statistics.waiters == 1 }
        #expect(limiter.retryAfter() == .seconds(1))
        clock.advance(by: .seconds(1))
        try await waiting.value
    }

    /// Callers queue up at random; each waits as long as it was told when it came. Whoever waits for a full burst passes at a
    /// whole nanosecond, which those behind cannot know: a nanosecond each.
    @Test func theWaitBehindOthersIsExactToANanosecondEach() async throws {
        let random = seeded()
        let limits: [(limit: RateLimit, most: Int)] = [
            (.tokenBucket(capacity: 7, refill: 3, per: .milliseconds(1_001)), 7),
            (.smooth(7, per: .milliseconds(333), burst: 2), 2),
            (.fixedWindow(3, per: .milliseconds(777)), 1),
            (.slidingWindow(3, per: .milliseconds(777), segments: 7), 1),
        ]
        for (limit, most) in limits {
            let executor = ManualExecutor()
            let clock = ManualClock()
            let limiter = RateLimiter(limit, clock: clock)
            let late = Log<Duration>()
            let passed = Counter()
            for _ in 0..<200 {
                let permits = 1 + random.int(below: most)
                let told = try #require(limiter.retryAfter(permits))
                let due = clock.now.advanced(by: told)
                let ahead = limiter.statistics.waiters
                executor.task {
                    try await limiter.acquire(permits)
                    passed.increment()
                    let lateness = due.duration(to: clock.now)
                    if lateness < .zero || lateness > .nanoseconds(ahead) { late.append(lateness) }
                }
                executor.runUntilIdle()
                if random.int(below: 3) == 0 {
                    let end = clock.now.advanced(by: .milliseconds(random.int(below: 400)))
                    while clock.advanceToNextTimer(before: end) { executor.runUntilIdle() }
                    clock.advance(to: end)
                    executor.runUntilIdle()
                }
            }
            while clock.advanceToNextTimer() { executor.runUntilIdle() }
            #expect(passed.value == 200)
            #expect(late.entries == [], "\(limit)")
        }
    }
}
