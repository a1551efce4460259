import ConcertoResilience
import ConcertoTesting
import Testing

struct RateLimiterPropertyTests {
    private struct Grant {
        let time: Int64
        let permits: Int
    }

    /// Random requests at random times; what passed, in order.
    private func history(_ limiter: RateLimiter, _ clock: ManualClock, _ random: RandomSource, most: Int) -> [Grant] {
        var grants: [Grant] = []
        for _ in 0..<400 {
            let permits = 1 + random.int(below: most)
            if random.int(below: 10) == 0, let wait = limiter.reserve(permits) {
                grants.append(Grant(time: clock.now.advanced(by: wait).nanoseconds, permits: permits))
            } else if limiter.tryAcquire(permits) {
                grants.append(Grant(time: clock.now.nanoseconds, permits: permits))
            }
            // Bursts, short steps, and now and then a long pause.
            switch random.int(below: 20) {
            case 0: clock.advance(by: .milliseconds(Int64(random.int(below: 3_000))))
            case 1..<10: break
            default: clock.advance(by: .microseconds(Int64(random.int(below: 40_000))))
            }
        }
        return grants
    }

    /// In any window that begins and ends with a grant, and so in any window at all:
    /// permits ≤ burst + rate · length, in whole numbers: permits · period ≤ burst · period + limit · length.
    @Test func meteredLimitsHoldInAnyWindow() {
        let random = seeded()
        for round in 0..<60 {
            let limit = 1 + random.int(below: 100)
            let burst = 1 + random.int(below: 20)
            let period = Int64(1 + random.int(below: 2_000_000_000))
            let clock = ManualClock()
            let limiter = RateLimiter(
                round % 2 == 0
                    ? .tokenBucket(capacity: burst, refill: limit, per: .nanoseconds(period))
                    : .smooth(limit, per: .nanoseconds(period), burst: burst), clock: clock)
            let grants = history(limiter, clock, random, most: burst)
            for first in grants.indices {
                var permits = 0
                for last in first..<grants.endIndex {
                    permits += grants[last].permits
                    let length = grants[last].time - grants[first].time
                    let allowed = Int128(burst) * Int128(period) + Int128(limit) * Int128(length)
                    #expect(Int128(permits) * Int128(period) <= allowed)
                }
            }
        }
    }

    /// Fixed: at most the limit in each window. Sliding: at most the limit in any `segments − 1` segments' time.
    @Test func windowedLimitsKeepTheirOwnBound() {
        let random = seeded()
        for round in 0..<60 {
            let limit = 1 + random.int(below: 20)
            let segments = round % 2 == 0 ? 1 : 2 + random.int(below: 9)
            let segment = Int64(1 + random.int(below: 50_000_000))
            let period = segment * Int64(segments)
            let clock = ManualClock()
            let limiter = RateLimiter(
                segments == 1
                    ? .fixedWindow(limit, per: .nanoseconds(period))
                    : .slidingWindow(limit, per: .nanoseconds(period), segments: segments), clock: clock)
            let grants = history(limiter, clock, random, most: limit)
            for first in grants.indices {
                var permits = 0
                for last in first..<grants.endIndex {
                    let isWithin =
                        segments == 1
                        ? grants[last].time / period == grants[first].time / period
                        : grants[last].time - grants[first].time < period - segment
                    guard isWithin else { break }
                    permits += grants[last].permits
                    #expect(permits <= limit)
                }
            }
        }
    }

    /// Callers come, wait, are cancelled and served in random order, on several threads.
    @Test func nothingIsLostUnderRandomCancellation() async throws {
        let random = seeded()
        let limit = RateLimit.tokenBucket(capacity: 4, refill: 1, per: .milliseconds(1))
        let clock = ManualClock()
        let limiter = RateLimiter(limit, clock: clock)
        let passed = Counter()
        let ended = Counter()
        var tasks: [Task<Void, Never>] = []
        for _ in 0..<2_000 {
            let permits = 1 + random.int(below: 4)
            let task = Task {
                defer { ended.increment() }
                guard (try? await limiter.acquire(permits)) != nil else { return }
                passed.increment(by: permits)
            }
            tasks.append(task)
            if random.int(below: 3) == 0 { tasks[random.int(below: tasks.count)].cancel() }
            if random.int(below: 4) == 0 { clock.advance(by: .microseconds(Int64(random.int(below: 3_000)))) }
        }
        // Time goes on until the last one has ended: that nobody waits says nothing about those not begun yet.
        await settle {
            clock.advance(by: .milliseconds(1))
            return ended.value == tasks.count
        }
        #expect(limiter.statistics.waiters == 0)
        // Whatever was cancelled took nothing: no more passed than was earned, and the bucket fills up again.
        let earned = 4 + Int(clock.now.nanoseconds / 1_000_000)
        #expect(passed.value <= earned)
        clock.advance(by: .seconds(1))
        #expect(limiter.available == 4)
        #expect(clock.pending == 0)
    }
}
