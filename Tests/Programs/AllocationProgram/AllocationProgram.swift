import CMallocCount
import Concerto
import ConcertoResilience
import ConcertoResources
import ConcertoStreams

/// Counts what the hot paths ask the allocator for: `scripts/check-allocations` compares it with what is allowed. A count is
/// the same on a busy machine, so a lost optimisation is found by CI, not by the next benchmark.
@main
struct AllocationProgram {
    private static let calls = 20_000

    static func main() async throws {
        try await tasks()
        try await coordination()
        try await streams()
        try await resilience()
        try await resources()
    }

    /// Prints the allocations of one call, in hundredths: what happens once in a hundred calls is seen too.
    private static func row(_ name: String, _ body: (Int) async throws -> Void) async rethrows {
        // Lists grow, pools fill.
        try await body(calls)
        let before = malloc_count()
        try await body(calls)
        print("\(name) \((Int(malloc_count() - before) * 100 + calls / 2) / calls)")
    }

    private static func tasks() async throws {
        try await row("task_run_value") { calls in
            for call in 0..<calls { _ = try await Task.run { call }.value }
        }
        try await row("completion_source") { calls in
            for call in 0..<calls {
                let source = TaskCompletionSource<Int>()
                try source.setResult(call)
                _ = try await source.task.value
            }
        }
        await row("token_register") { calls in
            let source = CancellationTokenSource()
            for _ in 0..<calls { source.token.register {}.unregister() }
        }
    }

    private static func coordination() async throws {
        let lock = AsyncLock()
        try await row("lock") { calls in for _ in 0..<calls { try await lock.withLock {} } }
        let semaphore = AsyncSemaphore(permits: 1)
        try await row("semaphore") { calls in for _ in 0..<calls { try await semaphore.withPermit {} } }
        let channel = BoundedChannel<Int>(capacity: 64)
        try await row("channel") { calls in
            for call in 0..<calls {
                try await channel.write(call)
                _ = try await channel.read()
            }
        }
    }

    private static func streams() async throws {
        await row("stream_map_filter") { calls in
            for await _ in (0..<calls).asStream().map({ $0 &+ 1 }).filter({ $0 >= 0 }) {}
        }
        try await row("generator") { calls in
            let numbers = AsyncGenerator<Int> { yield in for call in 0..<calls { try await yield(call) } }
            for try await _ in numbers {}
        }
    }

    private static func resilience() async throws {
        let retry = Retry()
        try await row("retry") { calls in for call in 0..<calls { _ = try await retry.execute { call } } }
        let breaker = CircuitBreaker()
        try await row("circuit_breaker") { calls in for call in 0..<calls { _ = try await breaker.execute { call } } }
        let limiter = ConcurrencyLimiter(permits: 64)
        try await row("concurrency_limiter") { calls in
            for call in 0..<calls { _ = try await limiter.withPermit { call } }
        }
        let adaptive = AdaptiveLimiter()
        try await row("adaptive_limiter") { calls in for call in 0..<calls { _ = try await adaptive.execute { call } } }
        let rate = RateLimiter(.tokenBucket(capacity: 1_000_000_000, refill: 1_000_000_000, per: .milliseconds(1)))
        try await row("rate_limiter") { calls in for _ in 0..<calls { try await rate.acquire() } }
        let timeout = Timeout(.seconds(30), kind: .cooperative)
        try await row("timeout_cooperative") { calls in for call in 0..<calls { _ = try await timeout.execute { call } }
        }
        let native = Timeout(.seconds(30))
        try await row("timeout") { calls in for call in 0..<calls { _ = try await native.execute { call } } }
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(30), kind: .cooperative)
            Retry()
            CircuitBreaker()
        }
        try await row("pipeline_of_three") { calls in for call in 0..<calls { _ = try await pipeline.execute { call } }
        }
        let hedging = Hedging(delay: .fixed(.seconds(30)))
        try await row("hedging_first_wins") { calls in
            for call in 0..<calls { _ = try await hedging.execute { _ in call } }
        }
    }

    private static func resources() async throws {
        let pool = ResourcePool<Int>("numbers") { 1 }
        try await row("pool_lease") { calls in for _ in 0..<calls { _ = try await pool.withResource { $0 } } }
        let cache = LoadingCache<Int, Int>("squares") { $0 * $0 }
        try await row("cache_hit") { calls in for _ in 0..<calls { _ = try await cache.value(for: 7) } }
    }
}
