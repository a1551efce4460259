import ConcertoResilience
import ConcertoTesting
import Testing

struct RateLimitChangeTests {
    private let clock = ManualClock()

    /// Regression: all that had been used under the old limit was a debt under the new one, and stopped everybody for
    /// (used / new limit) periods.
    @Test func aLoweredLimitOwesNoMoreThanOneBurst() throws {
        let changes: [(from: RateLimit, to: RateLimit, wait: Duration)] = [
            (.fixedWindow(10_000, per: .seconds(1)), .fixedWindow(100, per: .seconds(1)), .seconds(1)),
            (.slidingWindow(10_000, per: .seconds(1)), .slidingWindow(1, per: .seconds(1)), .seconds(1)),
            (
                .tokenBucket(capacity: 10_000, refill: 10_000, per: .seconds(1)),
                .tokenBucket(capacity: 100, refill: 100, per: .seconds(1)), .milliseconds(10)
            ),
            (.fixedWindow(1_000_000_000, per: .seconds(1)), .fixedWindow(1, per: .seconds(1)), .seconds(1)),
        ]
        for change in changes {
            let limiter = RateLimiter(change.from, clock: clock)
            #expect(limiter.tryAcquire(change.from.burst))
            try limiter.update(to: change.to)
            #expect(limiter.available == 0)
            #expect(!limiter.tryAcquire())
            #expect(limiter.retryAfter() == change.wait)
        }
    }

    @Test func reservationsAreOwedForTheTimeThatTheyWereMadeFor() throws {
        let limiter = RateLimiter(.fixedWindow(10, per: .seconds(1)), clock: clock)
        for _ in 0..<3 { #expect(limiter.reserve(10) != nil) }
        try limiter.update(to: .fixedWindow(1, per: .seconds(1)))
        // Three windows for three seconds of reservations, and one burst.
        #expect(limiter.retryAfter() == .seconds(4))
    }

    /// Regression: the debt was built window by window, for as many as used / limit.
    @Test func aDebtOfManyWindowsIsKeptInFewEntries() throws {
        let limiter = RateLimiter(.fixedWindow(1_000_000_000, per: .seconds(3_600)), clock: clock)
        for _ in 0..<3 { #expect(limiter.reserve(1_000_000_000) != nil) }
        try limiter.update(to: .fixedWindow(1, per: .microseconds(1)))
        #expect(limiter.retryAfter() == .seconds(2_000) + .microseconds(1))
    }

    @Test func reservationsAreStillCountedWindowByWindow() throws {
        let limit = RateLimit.fixedWindow(1, per: .seconds(1))
        let limiter = RateLimiter(limit, clock: clock)
        for _ in 0..<3 { _ = limiter.reserve() }
        try limiter.update(to: limit)
        #expect(limiter.available == -2)
        clock.advance(by: .seconds(1))
        #expect(limiter.available == -1)
        clock.advance(by: .seconds(1))
        #expect(limiter.available == 0)
    }

    /// Regression: the number of a window times its length was more than 64 bits hold, and trapped.
    @Test func reservationsBeyondTheEndOfTimeDoNotTrap() {
        let limiter = RateLimiter(.fixedWindow(1, per: .seconds(366 * 86_400)), clock: clock)
        for _ in 0..<400 { #expect(limiter.reserve() != nil) }
        #expect(limiter.available == 1 - 400)
        #expect(!limiter.tryAcquire())
    }
}
