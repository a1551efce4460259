import ConcertoResilience
import ConcertoTesting
import Testing

extension ResiliencePropertyKey<String> {
    fileprivate static let tenant = ResiliencePropertyKey("tenant")
}

struct PartitionStrategyTests {
    @Test func `a partitioned limiter takes its key from the context`() async throws {
        let clock = ManualClock()
        let limiter = PartitionedRateLimiter<String>(maxKeys: 10) { _ in
            RateLimiter(.tokenBucket(capacity: 1, refill: 1, per: .seconds(1)), queueLimit: 0, clock: clock)
        }
        let pipeline = ResiliencePipeline { limiter.strategy { $0.properties[.tenant] } }
        func call(_ tenant: String?) async throws {
            var context = ResilienceContext()
            context.properties[.tenant] = tenant
            try await pipeline.execute(in: context) { _ in }
        }
        try await call("a")
        try await call("b")
        await #expect(throws: RateLimiterRejectedError.self) { try await call("a") }
        for _ in 0..<3 { try await call(nil) }
        clock.advance(by: .seconds(1))
        try await call("a")
        #expect(limiter.count == 2)
    }
}
