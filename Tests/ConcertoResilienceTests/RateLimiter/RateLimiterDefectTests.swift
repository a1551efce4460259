import ConcertoTesting
import Testing

@testable import ConcertoResilience

/// Defects of the limiters that were found from outside.
struct RateLimiterDefectTests {
    private let clock = ManualClock()

    /// What a window knows is looked up, not added up: the arithmetic of 20,000 reservations agrees with that of one
    /// after the other, from a plain model that adds everything up.
    @Test(arguments: [1, 2, 7, 10])
    func `reservations on windows agree with a model that adds everything up, C2`(segments: Int) {
        let random = seeded()
        for _ in 0..<30 {
            let limit = 1 + random.int(below: 9)
            let period = Int64(segments * (1 + random.int(below: 50)))
            let rate: RateLimit =
                segments == 1
                ? .fixedWindow(limit, per: .nanoseconds(period))
                : .slidingWindow(limit, per: .nanoseconds(period), segments: segments)
            var windows = RateWindows(rate, segments: segments, available: limit, at: clock.now)
            var model = Model(limit: limit, segments: Int64(segments), length: period / Int64(segments))
            var now = Int64(0)
            for _ in 0..<200 {
                now += Int64(random.int(below: Int(period)))
                let instant = TimerInstant(nanoseconds: clock.now.nanoseconds + now)
                let weight = 1 + random.int(below: limit)
                #expect(windows.available(at: instant) == model.available(at: now))
                let mayWait = random.int(below: 2) == 0
                let expected = model.take(weight, at: now, mayWait: mayWait)
                #expect(
                    windows.take(weight, at: instant, mayWait: mayWait).nanoseconds - clock.now.nanoseconds
                        == expected)
            }
        }
    }

    private struct Model {
        let limit: Int
        let segments: Int64
        let length: Int64
        var taken: [Int64: Int] = [:]

        func used(endingWith segment: Int64) -> Int {
            (max(0, segment - segments + 1)...segment).reduce(0) { $0 + (taken[$1] ?? 0) }
        }

        func available(at now: Int64) -> Int {
            limit - taken.filter { $0.key > now / length - segments }.reduce(0) { $0 + $1.value }
        }

        mutating func take(_ weight: Int, at now: Int64, mayWait: Bool) -> Int64 {
            let present = now / length
            var segment = max(present, taken.keys.max() ?? 0)
            while used(endingWith: segment) + weight > limit { segment += 1 }
            if segment == present || mayWait { taken[segment, default: 0] += weight }
            return segment > present ? segment * length : now
        }
    }

    @Test func `a fixed window begins when the limiter is made, C4`() {
        let limiter = RateLimiter(.fixedWindow(2, per: .seconds(1)), clock: clock)
        clock.advance(by: .milliseconds(900))
        #expect(limiter.tryAcquire(2))
        clock.advance(by: .milliseconds(600))
        #expect(limiter.tryAcquire(2))
        #expect(!limiter.tryAcquire())
    }

    @Test(arguments: [0, -1, Int.min])
    func `a number of permits from data that cannot be is an error and no trap`(permits: Int) async throws {
        let rate = RateLimiter(.smooth(5, per: .seconds(1), burst: 5), clock: clock)
        let concurrency = ConcurrencyLimiter(permits: 5)
        #expect(!rate.tryAcquire(permits) && !concurrency.tryAcquire(permits))
        #expect(rate.reserve(permits) == nil && rate.retryAfter(permits) == nil)
        await #expect(throws: ArgumentError.self) { try await rate.acquire(permits) }
        await #expect(throws: ArgumentError.self) { try await concurrency.acquire(permits) }
        await #expect(throws: ArgumentError.self) { try await concurrency.withPermit(permits) {} }
        #expect(rate.available == 5 && concurrency.inUse == 0)
    }

    @Test func `more permits than there can ever be starve nobody`() async throws {
        let concurrency = ConcurrencyLimiter(permits: 10)
        #expect(!concurrency.tryAcquire(.max))
        await #expect(throws: ConcurrencyLimiterRejectedError.self) { try await concurrency.acquire(11) }
        try await concurrency.acquire(10)
        #expect(concurrency.inUse == 10)
    }

    /// Counts how often it is asked.
    private struct CountingPolicy: AdmissionPolicy {
        var asked = 0

        mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
            asked += 1
            return .notBefore(.distantFuture)
        }

        mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant { .distantFuture }
    }

    /// Kind 8: what one costs who gives up does not depend on how many wait.
    @Test func `giving up asks the policy once, however many wait`() async throws {
        let queue = AdmissionQueue(CountingPolicy(), clock: StrategyClock(clock))
        let tasks = (0..<2_000).map { _ in Task { try await queue.admit(before: .distantFuture) } }
        await settle { queue.statistics.waiters == 2_000 }
        let before = queue.read { $0.asked }
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { _ = try await task.value } }
        #expect(queue.statistics.waiters == 0)
        #expect(queue.read { $0.asked } - before <= 2_000)
    }

    @Test func `keys whose limiters are all waited for are not searched for each new key`() async throws {
        let limiter = PartitionedRateLimiter<Int>(maxKeys: 20) { [clock] _ in
            RateLimiter(.tokenBucket(capacity: 1, refill: 1, per: .seconds(1)), clock: clock)
        }
        var waiting: [Task<Void, any Error>] = []
        for key in 0..<40 {
            #expect(limiter.tryAcquire(for: key))
            waiting.append(Task { try await limiter.acquire(for: key) })
            // One after the other: a limiter that nobody waits for yet may be forgotten.
            await settle { limiter[key].statistics.waiters == 1 }
        }
        #expect(limiter.count == 40)
        for task in waiting { task.cancel() }
        for task in waiting { _ = await task.result }
        for key in 100..<1_000 { _ = limiter[key] }
        #expect(limiter.count <= 20)
    }
}
