import ConcertoResilience

// What docs/resilience/from-polly.md shows, so that it compiles; `FromPollyTests` compares the two, and runs it.

private struct Reply: Sendable {
    var status = 200
    var retryAfter: Duration?
}

private struct Quote: Sendable, Equatable {
    static let stale = Quote()
}

private struct Settings: Sendable {
    var retries = 2
    var budget = RetryBudget.Options()
    var breaker = CircuitBreakerOptions()
}

private struct Configuration: Sendable {
    let changes: AsyncStream<Void>

    func settings(for host: String) throws -> Settings { Settings() }
}

private func log(_ attempt: Int, _ duration: Duration) {}
private func alert(_ duration: Duration?, _ cause: (any Error)?) {}
private func fetchQuote() async throws -> Quote { throw Failure() }

extension ResiliencePropertyKey<String> {
    fileprivate static let tenant = ResiliencePropertyKey("tenant")
}

enum FromPollySnippets {
    static func retryWithJitter() -> Retry {
        let retry = Retry(
            maxRetries: 4, backoff: .exponential(base: .seconds(1), jitter: .decorrelatedV2),
            onRetry: { event in log(event.attempt, event.delay) })
        return retry
    }

    static func retryOnResults() throws -> Retry {
        var options = RetryOptions()
        options.retryResults = ResultPredicate { (reply: Reply) in reply.status == 429 }
        options.delay = { event in (event.result as? Reply)?.retryAfter }
        options.maxRetryAfter = .seconds(120)
        let retry = try Retry(options: options)
        return retry
    }

    /// The statuses that are seen with a 429 first.
    static func statuses() async throws -> [Int] {
        let statuses = Log<Int>()
        _ = try await retryOnResults().execute { context in
            let reply = Reply(status: context.attempt == 1 ? 429 : 200, retryAfter: .zero)
            statuses.append(reply.status)
            return reply
        }
        return statuses.entries
    }

    static func circuitBreaker(_ control: CircuitControl) throws -> CircuitBreaker {
        var options = CircuitBreakerOptions()
        options.trip = .failureRatio(0.1, minimumThroughput: 100, window: .time(.seconds(30)))
        options.breakDuration = .fixed(.seconds(5))
        options.control = control
        options.onOpened = { opening in alert(opening.breakDuration, opening.cause) }
        let breaker = try CircuitBreaker(options: options)
        return breaker
    }

    static func timeouts() -> ResiliencePipeline {
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(30))
            Retry()
            Timeout(.seconds(2)) { event in log(event.context.attempt, event.limit) }
        }
        return pipeline
    }

    static func fallback(_ pipeline: ResiliencePipeline) async throws -> Bool {
        let quote = try await pipeline.execute(fallback: { _ in Quote.stale }) { try await fetchQuote() }
        return quote == Quote.stale
    }

    static func tenants() -> (ResiliencePipeline, () -> Int) {
        let limiter = PartitionedRateLimiter<String> { _ in
            RateLimiter(.tokenBucket(capacity: 100, refill: 100, per: .seconds(1)))
        }
        let pipeline = ResiliencePipeline { limiter.strategy { $0.properties[.tenant] } }
        return (pipeline, { limiter.count })
    }

    static func limitTenants(_ pipeline: ResiliencePipeline) async throws {
        var context = ResilienceContext()
        context.properties[.tenant] = "acme"
        try await pipeline.execute(in: context) { _ in }
    }

    static func registry(_ changes: AsyncStream<Void>) -> (ResilienceRegistry<String>, Task<Void, any Error>) {
        let configuration = Configuration(changes: changes)
        let upstreams = ResilienceRegistry<String> { host, parts in
            let settings = try configuration.settings(for: host)
            let budget = try parts.retryBudget(settings.budget)
            return try ResiliencePipeline(host) {
                Retry(maxRetries: settings.retries, budget: budget)
                try parts.circuitBreaker(settings.breaker)
            }
        }
        let following = Task { try await upstreams.follow(configuration.changes) }
        return (upstreams, following)
    }
}
