import ConcertoResilience
import ConcertoTesting
import Testing

/// Pipelines that are made anew from changed options.
struct RegistryReloadTests {
    private struct Settings: Sendable {
        var failures = 3
        var budget = RetryBudget.Options()
        var retries = 0
        var limit = RateLimit.tokenBucket(capacity: 5, refill: 5, per: .seconds(60))
        var permits = 2
    }

    /// A source of configuration, as swift-configuration's would be read.
    private final class Source: Sendable {
        private let state = Guarded(Settings())

        var settings: Settings { state.withLock { $0 } }

        func change(_ change: (inout Settings) -> Void) { state.withLock { change(&$0) } }
    }

    private final class Parts: Sendable {
        let breakers = Log<CircuitBreaker>()
        let budgets = Log<RetryBudget>()
        let rates = Log<RateLimiter>()
        let permits = Log<ConcurrencyLimiter>()
    }

    private let clock = ManualClock()
    private let source = Source()
    private let made = Parts()
    private let telemetry = ResilienceTelemetry()

    private func makeRegistry() -> ResilienceRegistry<String> {
        ResilienceRegistry(telemetry: telemetry) { [clock, source, made] host, parts in
            let settings = source.settings
            var retry = RetryOptions()
            retry.maxRetries = settings.retries
            retry.backoff = .none
            retry.clock = clock
            let budget = try parts.retryBudget(settings.budget, clock: clock)
            retry.budget = budget
            var breaking = CircuitBreakerOptions()
            breaking.trip = .consecutiveFailures(settings.failures)
            breaking.clock = clock
            var waiting = LimiterOptions()
            waiting.clock = clock
            let breaker = try parts.circuitBreaker(breaking)
            let rate = try parts.rateLimiter(settings.limit, options: waiting)
            let permits = try parts.concurrencyLimiter(permits: settings.permits)
            made.breakers.append(breaker)
            made.budgets.append(budget)
            made.rates.append(rate)
            made.permits.append(permits)
            let options = retry
            return try ResiliencePipeline(host) {
                try Retry(options: options)
                breaker
                permits
            }
        }
    }

    private func fail(_ registry: ResilienceRegistry<String>, times: Int = 1) async {
        for _ in 0..<times { _ = try? await registry["a"].execute { () async throws -> Void in throw Failure() } }
    }

    @Test func `a changed option holds for the next call, and what a breaker has counted stays`() async throws {
        let registry = makeRegistry()
        await fail(registry, times: 2)
        source.change { $0.failures = 4 }
        #expect(try registry.reload("a"))
        await fail(registry)
        let breaker = try #require(made.breakers.entries.last)
        #expect(breaker.state == .closed)
        await fail(registry)
        #expect(breaker.state == .open)
        #expect(registry.statistics(for: "a")?.failures == 4)
    }

    @Test func `budgets and limiters keep what is in them`() async throws {
        let registry = makeRegistry()
        _ = registry["a"]
        let budget = try #require(made.budgets.entries.first)
        let rate = try #require(made.rates.entries.first)
        for _ in 0..<40 { #expect(budget.tryWithdraw()) }
        for _ in 0..<10 { budget.deposit() }
        for _ in 0..<3 { #expect(rate.tryAcquire()) }
        source.change {
            $0.budget.minimumPerSecond = 5
            $0.budget.ratio = 1
            $0.limit = .tokenBucket(capacity: 10, refill: 10, per: .seconds(60))
            $0.permits = 9
        }
        registry.reload()
        #expect(made.budgets.entries.last === budget && budget.options.ratio == 1)
        #expect(budget.balance == 50 - 40 + 10)
        #expect(made.rates.entries.last === rate && rate.available == 7)
        #expect(made.permits.entries.last?.permits == 9)
    }

    @Test func `a budget that is remembered for another time keeps its balance`() throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 10, ttl: .seconds(10), clock: clock)
        for _ in 0..<30 { #expect(budget.tryWithdraw()) }
        var options = budget.options
        options.ttl = .seconds(20)
        try budget.update(to: options)
        #expect(budget.balance == 200 - 30)
        clock.advance(by: .seconds(19))
        #expect(budget.balance == 170)
        clock.advance(by: .seconds(2))
        #expect(budget.balance == 200)
    }

    @Test func `options that cannot work leave everything as it was, and are told`() async throws {
        let seen = Log<String>()
        let registration = telemetry.addListener { event in
            seen.append("\(event.name.rawValue) \(event.severity) \(event.strategy ?? "") \(event.error == nil)")
        }
        let registry = makeRegistry()
        _ = registry["a"]
        source.change {
            $0.failures = 1
            $0.permits = 0  // the breaker has been asked for by then
        }
        #expect(throws: InvalidOptionsError.self) { try registry.reload("a") }
        #expect(registry.reload().keys.elementsEqual(["a"]))
        await fail(registry, times: 2)
        #expect(made.breakers.entries.first?.state == .closed)
        source.change { $0.permits = 1 }
        #expect(registry.reload().isEmpty)
        await fail(registry)
        #expect(made.breakers.entries.first?.state == .open)
        #expect(try !registry.reload("nobody"))
        registration.remove()
        #expect(
            seen.entries.filter { $0.hasPrefix("registry") }
                == [
                    "registry.reload_failed error a false", "registry.reload_failed error a false",
                    "registry.reloaded information a true",
                ])
    }

    @Test func `a pipeline that cannot be made throws why, and the next who asks tries again`() async throws {
        let registry = makeRegistry()
        source.change { $0.retries = -1 }
        await #expect(throws: InvalidOptionsError.self) { try await registry["a"].execute {} }
        #expect(throws: InvalidOptionsError.self) { try registry.pipeline(for: "a") }
        source.change { $0.retries = 0 }
        #expect(try await registry["a"].execute { 7 } == 7)
    }

    @Test func `an execution under way ends under the options it began with`() async throws {
        let registry = makeRegistry()
        let gate = Gate()
        let attempts = Counter()
        let call = Task {
            try await registry["a"].execute {
                attempts.increment()
                await gate.wait()
                throw Failure()
            }
        }
        await gate.arrival()
        source.change { $0.retries = 5 }
        registry.reload()
        gate.open()
        await #expect(throws: Failure.self) { try await call.value }
        #expect(attempts.value == 1)
    }

    @Test func `a stream of changes reloads`() async throws {
        let registry = makeRegistry()
        _ = registry["a"]
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self)
        let following = Task { try await registry.follow(changes) }
        source.change { $0.permits = 7 }
        continuation.yield()
        await settle { made.permits.entries.count == 2 }
        await settle { made.permits.entries.last?.permits == 7 }
        continuation.finish()
        try await following.value
    }
}
