import ConcertoResilience
import ConcertoTesting
import Testing

struct RateLimiterTests {
    private let clock = ManualClock()

    @Test func aBucketLetsItsCapacityPassAndRefillsContinuously() {
        let limiter = RateLimiter(.tokenBucket(capacity: 3, refill: 10, per: .seconds(1)), clock: clock)
        #expect((0..<4).map { _ in limiter.tryAcquire() } == [true, true, true, false])
        clock.advance(by: .milliseconds(99))
        #expect(!limiter.tryAcquire())
        clock.advance(by: .milliseconds(1))
        #expect(limiter.tryAcquire())
        #expect(!limiter.tryAcquire())
    }

    /// Regression by design: a bucket that only refills when it is empty lets capacity + refill pass after idling.
    @Test func idlingFillsABucketToItsCapacityAndNoFurther() {
        let limiter = RateLimiter(.tokenBucket(capacity: 10, refill: 1, per: .seconds(1)), clock: clock)
        for _ in 0..<5 { #expect(limiter.tryAcquire()) }
        clock.advance(by: .seconds(100))
        #expect(limiter.available == 10)
        #expect((0..<15).filter { _ in limiter.tryAcquire() }.count == 10)
    }

    @Test func smoothPassesAtEvenDistances() async throws {
        let limiter = RateLimiter(.smooth(3, per: .seconds(1)), clock: clock)
        let times = await clock.drive {
            var times: [Int64] = []
            for _ in 0..<4 {
                try? await limiter.acquire()
                times.append(clock.now.nanoseconds)
            }
            return times
        }
        #expect(times == [0, 333_333_334, 666_666_668, 1_000_000_002])
    }

    /// Regression by design: a floor in the arithmetic under-estimates the wait.
    @Test func retryAfterIsExact() {
        for limit in [
            RateLimit.tokenBucket(capacity: 7, refill: 3, per: .milliseconds(1_001)),
            .smooth(7, per: .milliseconds(333), burst: 2), .fixedWindow(3, per: .milliseconds(777)),
            .slidingWindow(3, per: .milliseconds(777), segments: 7),
        ] {
            let clock = ManualClock()
            let limiter = RateLimiter(limit, clock: clock)
            for _ in 0..<50 {
                while limiter.tryAcquire() {}
                guard let wait = limiter.retryAfter() else {
                    Issue.record("a wait is known")
                    return
                }
                #expect(wait > .zero)
                clock.advance(by: wait - .nanoseconds(1))
                #expect(!limiter.tryAcquire())
                clock.advance(by: .nanoseconds(1))
                #expect(limiter.tryAcquire())
            }
        }
    }

    @Test func windowsLetTheirLimitPass() {
        let fixed = RateLimiter(.fixedWindow(2, per: .seconds(1)), clock: clock)
        let sliding = RateLimiter(.slidingWindow(2, per: .seconds(1), segments: 10), clock: clock)
        clock.advance(by: .milliseconds(900))
        #expect((0..<3).map { _ in fixed.tryAcquire() } == [true, true, false])
        #expect((0..<3).map { _ in sliding.tryAcquire() } == [true, true, false])
        clock.advance(by: .milliseconds(100))
        #expect(fixed.tryAcquire())  // twice the limit around an edge: what a fixed window is known for
        #expect(!sliding.tryAcquire())
        clock.advance(by: .milliseconds(900))
        #expect(sliding.tryAcquire())
    }

    @Test func aReservationTellsTheWaitAndTakesThePermits() {
        for limit in [
            RateLimit.smooth(1, per: .seconds(1)), .fixedWindow(1, per: .seconds(1)),
            .slidingWindow(1, per: .seconds(1), segments: 2),
        ] {
            let limiter = RateLimiter(limit, clock: ManualClock())
            #expect((0..<3).map { _ in limiter.reserve() } == [.zero, .seconds(1), .seconds(2)])
            #expect(limiter.available == -2)
            #expect(!limiter.tryAcquire())
            #expect(limiter.reserve(2) == nil)
        }
    }

    @Test func waitersPassInTheirOrderWhateverTheyAskFor() async throws {
        let limiter = RateLimiter(.tokenBucket(capacity: 5, refill: 1, per: .seconds(1)), clock: clock)
        #expect(limiter.tryAcquire(5))
        let order = Log<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, permits) in [4, 1, 3].enumerated() {
                group.addTask {
                    try await limiter.acquire(permits)
                    order.append(index)
                }
                await settle { limiter.statistics.waiters == index + 1 }
            }
            #expect(clock.pending == 1)
            clock.advance(by: .seconds(1))
            #expect(!limiter.tryAcquire())  // one token is there, but others wait for it
            clock.advance(by: .seconds(3))
            await settle { order.entries == [0] }
            clock.advance(by: .seconds(1))
            await settle { order.entries == [0, 1] }
            clock.advance(by: .seconds(3))
            try await group.waitForAll()
        }
        #expect(order.entries == [0, 1, 2])
    }

    @Test func aCancelledWaiterLetsThoseBehindItPass() async throws {
        let limiter = RateLimiter(.tokenBucket(capacity: 5, refill: 1, per: .seconds(1)), clock: clock)
        #expect(limiter.tryAcquire(5))
        let large = Task { try await limiter.acquire(5) }
        await settle { limiter.statistics.waiters == 1 }
        let small = Task { try await limiter.acquire(1) }
        await settle { limiter.statistics.waiters == 2 }
        clock.advance(by: .seconds(1))
        large.cancel()
        await #expect(throws: CancellationError.self) { try await large.value }
        try await small.value
        #expect(limiter.available == 0)
        #expect(clock.pending == 0)
    }

    @Test func aFullQueueTurnsAwayTheNewestOrTheOldest() async throws {
        for order in [QueueOrder.oldestFirst, .newestFirst] {
            let limiter = RateLimiter(
                .smooth(1, per: .seconds(1)), queueLimit: 1, order: order, clock: clock)
            #expect(limiter.tryAcquire())
            let first = Task { try await limiter.acquire() }
            await settle { limiter.statistics.waiters == 1 }
            let second = Task { try await limiter.acquire() }
            let (served, evicted) = order == .oldestFirst ? (first, second) : (second, first)
            await #expect(throws: RateLimiterRejectedError.self) { try await evicted.value }
            clock.advance(by: .seconds(1))
            try await served.value
            clock.advance(by: .seconds(10))
        }
    }

    @Test func whoWouldWaitBeyondTheDeadlineIsTurnedAwayAtOnce() async throws {
        let limiter = RateLimiter(.smooth(1, per: .seconds(10)), name: "api", clock: clock)
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(5), kind: .cooperative, clock: clock)
            limiter
        }
        try await pipeline.execute {}
        clock.advance(by: .seconds(1))
        do {
            try await pipeline.execute {}
            Issue.record("should have been turned away")
        } catch let error as RateLimiterRejectedError {
            #expect(error.reason == .tooLate)
            #expect(error.retryAfter == .seconds(9))
            #expect(error.retryAdvice == .after(.seconds(9)))
            #expect("\(error)".contains("api"))
        }
        #expect(clock.pending == 0)
    }

    @Test func moreThanTheLimitCanGiveIsRefusedAndNeverWaitedFor() async throws {
        let limiter = RateLimiter(.tokenBucket(capacity: 5, refill: 1, per: .seconds(1)), clock: clock)
        #expect(!limiter.tryAcquire(6))
        #expect(limiter.retryAfter(6) == nil)
        do {
            try await limiter.acquire(6)
            Issue.record("should have been refused")
        } catch let error as RateLimiterRejectedError {
            #expect(error.reason == .exceedsLimit)
            #expect(error.retryAdvice == .never)
        }
    }

    @Test func aRaisedLimitServesWaitersAtOnce() async throws {
        let limiter = RateLimiter(.smooth(1, per: .seconds(3_600)), clock: clock)
        #expect(limiter.tryAcquire())
        let task = Task { try await limiter.acquire() }
        await settle { limiter.statistics.waiters == 1 }
        try limiter.update(to: .smooth(1, per: .seconds(1)))
        await settle { clock.nextDeadline == TimerInstant(nanoseconds: 1_000_000_000) }
        clock.advance(by: .seconds(1))
        try await task.value
    }

    @Test func aLoweredLimitTurnsAwayWhoWaitsForMore() async throws {
        let limiter = RateLimiter(.tokenBucket(capacity: 5, refill: 1, per: .seconds(1)), clock: clock)
        #expect(limiter.tryAcquire(5))
        let large = Task { try await limiter.acquire(5) }
        await settle { limiter.statistics.waiters == 1 }
        let small = Task { try await limiter.acquire(1) }
        await settle { limiter.statistics.waiters == 2 }
        try limiter.update(to: .tokenBucket(capacity: 2, refill: 1, per: .seconds(1)))
        await #expect(throws: RateLimiterRejectedError.self) { try await large.value }
        clock.advance(by: .seconds(10))
        try await small.value
    }

    @Test func invalidOptionsAreAllNamed() {
        var options = LimiterOptions()
        options.queueLimit = -1
        options.maxWait = .seconds(-1)
        #expect {
            try RateLimiter(.tokenBucket(capacity: 0, refill: -1, per: .zero), options: options)
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == [
                "limit.refill", "limit.capacity", "limit.per", "queueLimit", "maxWait",
            ]
        }
        #expect {
            try RateLimit.slidingWindow(0, per: .seconds(1), segments: 1).validate()
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == ["limit", "segments"]
        }
    }
}
