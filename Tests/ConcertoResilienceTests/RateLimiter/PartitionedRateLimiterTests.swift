import ConcertoResilience
import ConcertoTesting
import Testing

struct PartitionedRateLimiterTests {
    private let clock = ManualClock()

    private func make(maxKeys: Int) -> PartitionedRateLimiter<Int> {
        PartitionedRateLimiter(maxKeys: maxKeys) { [clock] _ in
            RateLimiter(.tokenBucket(capacity: 1, refill: 1, per: .seconds(1)), clock: clock)
        }
    }

    @Test func eachKeyHasALimitOfItsOwn() {
        let limiter = make(maxKeys: 10)
        #expect(limiter.tryAcquire(for: 1))
        #expect(!limiter.tryAcquire(for: 1))
        #expect(limiter.tryAcquire(for: 2))
    }

    @Test(arguments: [0, -1, Int.min])
    func aNumberOfKeysThatCannotWorkIsNamed(maxKeys: Int) throws {
        let error = try #require(throws: InvalidOptionsError.self) {
            _ = try PartitionedRateLimiter<Int>(validating: maxKeys) { _ in
                RateLimiter(.smooth(1, per: .seconds(1)))
            }
        }
        #expect(error.subject == "PartitionedRateLimiter")
        #expect(error.problems.map(\.field) == ["maxKeys"])
    }

    @Test func memoryIsBoundedAndLimitersInUseAreKept() async throws {
        let limiter = make(maxKeys: 100)
        #expect(limiter.tryAcquire(for: -1))
        let waiting = Task { try await limiter.acquire(for: -1) }
        await settle { limiter[-1].statistics.waiters == 1 }
        for key in 0..<10_000 {
            _ = limiter[key]
            #expect(limiter.count <= 100)
        }
        #expect(limiter[-1].statistics.waiters == 1)
        clock.advance(by: .seconds(1))
        try await waiting.value
    }

    @Test func whatHasBeenUsedIsKeptAsLongAsFullOnesCanGo() {
        let limiter = make(maxKeys: 20)
        for key in 0..<10 { #expect(limiter.tryAcquire(for: key)) }
        for key in 10..<1_000 { _ = limiter[key] }
        for key in 0..<10 { #expect(!limiter.tryAcquire(for: key)) }
    }
}
