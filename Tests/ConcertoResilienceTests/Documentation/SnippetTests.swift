import ConcertoResilience
import Testing

private func fetchName(_ id: Int) async throws -> String { "name \(id)" }

private func settings(for host: String) -> (budget: RetryBudget.Options, breaker: CircuitBreakerOptions) {
    (RetryBudget.Options(), CircuitBreakerOptions())
}

/// What the documentation shows, so that it compiles and runs.
struct SnippetTests {
    @Test func overview() async throws {
        let users = ResiliencePipeline("users") {
            Timeout(.seconds(30))
            Retry(maxRetries: 4, backoff: .exponential(base: .milliseconds(100), cap: .seconds(5)))
            CircuitBreaker(failureRatio: 0.5, minimumThroughput: 20, window: .seconds(10), breakFor: .seconds(5))
            Timeout(.seconds(2))
        }
        let name = try await users.execute { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func pipelines() async throws {
        let pipeline = ResiliencePipeline("users") {
            Timeout(.seconds(30))
            Retry(maxRetries: 3)
            Timeout(.seconds(2))
        }
        let name = try await pipeline.execute("load name") { context in
            try await fetchName(context.attempt)
        }
        #expect(name == "name 1")
    }

    @Test func pipelinesFromData() async throws {
        let options = RetryOptions()
        let limits = [
            RateLimit.smooth(50, per: .seconds(1)), .tokenBucket(capacity: 500, refill: 500, per: .seconds(60)),
        ]
        let pipeline = try ResiliencePipeline {
            try Retry(options: options)
            for limit in limits { try RateLimiter(limit, options: LimiterOptions()) }
        }
        #expect(try await pipeline.execute { try await fetchName(42) } == "name 42")
    }

    @Test func registering() async throws {
        let upstreams = ResilienceRegistry<String> { host in
            ResiliencePipeline(host) {
                Retry()
                CircuitBreaker(name: host)
            }
        }
        let name = try await upstreams["users.example.com"].execute { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func retrying() async throws {
        let retry = Retry(
            maxRetries: 4,
            backoff: .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .decorrelatedV2))
        let name = try await retry.execute { try await fetchName(42) }
        #expect(name == "name 42")
        let again = try await ConcertoResilience.retry(maxRetries: 5) { try await fetchName(1) }
        #expect(again == "name 1")
    }

    @Test func timeouts() async throws {
        let timeout = Timeout(.seconds(2))
        let name = try await timeout.execute { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func circuitBreaking() async throws {
        let breaker = CircuitBreaker(
            failureRatio: 0.5, minimumThroughput: 20, window: .seconds(10), breakFor: .seconds(5))
        let name = try await breaker.execute { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func clientThrottling() async throws {
        let throttle = ClientThrottle(multiplier: 2)
        let name = try await throttle.execute { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func rateLimiting() async throws {
        let limiter = RateLimiter(.smooth(50, per: .seconds(1), burst: 10))
        try await limiter.acquire()
        if !limiter.tryAcquire() { print("again in", limiter.retryAfter() ?? .zero) }
    }

    @Test func concurrencyLimiting() async throws {
        let limiter = ConcurrencyLimiter(permits: 8, queueLimit: 100)
        let name = try await limiter.withPermit { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func fallingBack() async throws {
        let pipeline = ResiliencePipeline {
            Fallback { _ in "somebody" }
            Retry(maxRetries: 2)
        }
        let name = try await pipeline.execute { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func hedgingCalls() async throws {
        let hedging = Hedging(delay: .percentile(0.95, initial: .milliseconds(200)))
        let name = try await hedging.execute { context in
            try await fetchName(context.attempt)
        }
        #expect(name == "name 1")
        let total = ResiliencePipeline { Timeout(.seconds(5)) }
        let each = ResiliencePipeline { CircuitBreaker() }
        let again = try await total.execute {
            try await hedging.execute { context in
                try await each.execute { try await fetchName(context.attempt) }
            }
        }
        #expect(again == "name 1")
    }

    @Test func adaptiveLimiting() async throws {
        let limiter = AdaptiveLimiter(initial: 20, maximum: 200, queueLimit: 100)
        #expect(try await limiter.execute { try await fetchName(42) } == "name 42")
        let shared = try PartitionedAdaptiveLimiter(
            shares: ["interactive": 0.7, "batch": 0.1], options: AdaptiveLimiterOptions())
        #expect(try await shared.execute(for: "interactive") { try await fetchName(42) } == "name 42")
    }

    @Test func chaosTesting() async throws {
        let chaos = ChaosSwitch(variable: "CONCERTO_CHAOS_OF_NOBODY")
        let pipeline = ResiliencePipeline {
            Retry()
            Timeout(.seconds(2))
            Chaos.latency(.seconds(5), rate: 0.01, switch: chaos)
            Chaos.fault(rate: 0.05, switch: chaos) { _ in Failure() }
        }
        #expect(try await pipeline.execute { try await fetchName(42) } == "name 42")
    }

    @Test func typedFallback() async throws {
        let retry = Retry(maxRetries: 1, backoff: .none)
        let name = try await retry.execute(fallback: { _ in "somebody" }) { try await fetchName(42) }
        #expect(name == "name 42")
    }

    @Test func reloading() async throws {
        let upstreams = ResilienceRegistry<String> { host, parts in
            let options = settings(for: host)
            let budget = try parts.retryBudget(options.budget)
            return try ResiliencePipeline(host) {
                Retry(budget: budget)
                try parts.circuitBreaker(options.breaker)
            }
        }
        _ = upstreams["users.example.com"]
        #expect(try upstreams.reload("users.example.com"))
    }

    @Test func events() {
        let registration = ResilienceTelemetry.shared.addListener { event in
            print(event.name.rawValue, event.strategy ?? "", event.operation ?? "", event.attempt)
        }
        registration.remove()
    }

    @Test func registries() async throws {
        let upstreams = ResilienceRegistry<String> { host in
            ResiliencePipeline(host) {
                Retry(budget: RetryBudget())
                CircuitBreaker(name: host)
                Timeout(.seconds(2))
            }
        }
        let name = try await upstreams["api.example.com"].execute { try await fetchName(42) }
        #expect(name == "name 42")
    }
}
