import ConcertoResilience
import Foundation
import Testing

/// What the pages say about defaults and options, and that they say it.
struct DocumentationPageTests {
    private func page(_ name: String) throws -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let folder = root.appendingPathComponent("Sources/ConcertoResilience/ConcertoResilience.docc")
        return try String(contentsOf: folder.appendingPathComponent(name + ".md"), encoding: .utf8)
    }

    @Test(arguments: [
        "AdaptiveLimiting", "ChaosTesting", "CircuitBreaking", "ClientThrottling", "ConcurrencyLimiting", "FallingBack",
        "HedgingCalls", "Pipelines",
        "RateLimiting",
        "Registering", "ResilienceEvents", "Retrying", "Timeouts",
    ])
    func everyPageHasItsParts(name: String) throws {
        let page = try page(name)
        for part in ["## What for", "## Options", "## Do and don't", "```swift", "─▶"] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(page.contains("## Telemetry") || page.contains("## Events"))
    }

    @Test(arguments: [
        "AdaptiveLimiting", "ChaosTesting", "CircuitBreaking", "ClientThrottling", "ConcurrencyLimiting", "FallingBack",
        "HedgingCalls", "RateLimiting", "Retrying", "Timeouts",
    ])
    func `every strategy's page says when, and when not`(name: String) throws {
        let page = try page(name)
        let start = try #require(page.range(of: "## When, and when not\n")).upperBound
        let part = page[start...].prefix(upTo: try #require(page[start...].range(of: "\n## ")).lowerBound)
        #expect(part.contains("- Not "))
        #expect(page.contains("\n- Do ") && page.contains("\n- Don't "))
    }

    @Test(arguments: ["storm.svg", "adaptive.svg"])
    func `the pictures are those of the simulation`(name: String) throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let shown = root.appendingPathComponent(
            "Sources/ConcertoResilience/ConcertoResilience.docc/Resources/" + name)
        let drawn = root.appendingPathComponent("docs/resilience/" + name)
        #expect(try Data(contentsOf: shown) == Data(contentsOf: drawn))
    }

    private func expectRows(for options: Any, on name: String) throws {
        let page = try page(name)
        for case let label? in Mirror(reflecting: options).children.map(\.label) {
            #expect(page.contains("`\(label)`"), "\(name) says nothing of \(label)")
        }
    }

    @Test func everyOptionIsOnItsPage() throws {
        try expectRows(for: RetryOptions(), on: "Retrying")
        try expectRows(for: RetryBudget.Options(), on: "Retrying")
        try expectRows(for: CircuitBreakerOptions(), on: "CircuitBreaking")
        try expectRows(for: ClientThrottle.Options(), on: "ClientThrottling")
        try expectRows(for: LimiterOptions(), on: "RateLimiting")
        try expectRows(for: LimiterOptions(), on: "ConcurrencyLimiting")
        try expectRows(for: HedgingOptions(), on: "HedgingCalls")
        try expectRows(for: AdaptiveLimiterOptions(), on: "AdaptiveLimiting")
        try expectRows(for: AdaptiveLimiterOptions.Gradient(), on: "AdaptiveLimiting")
        try expectRows(for: AdaptiveLimiterOptions.AIMD(), on: "AdaptiveLimiting")
        try expectRows(for: ChaosOptions(), on: "ChaosTesting")
    }

    @Test func everyEventIsOnThePageOfEvents() throws {
        let page = try page("ResilienceEvents")
        for name in ResilienceEvent.Name.allCases {
            #expect(page.contains("| `\(name.rawValue)` |"), "\(name.rawValue)")
        }
    }

    @Test func defaultsOfRetryAndBudget() {
        let options = Retry().options
        #expect(options.maxRetries == 3)
        #expect(
            options.backoff
                == Backoff(
                    growth: .exponential(factor: 2), base: .milliseconds(100), cap: .seconds(20), jitter: .full))
        #expect(options.maxTotalTime == nil && options.maxRetryAfter == .seconds(60))
        #expect(options.whenBudgetExhausted == .fail)
        #expect(options.shouldRetry(Failure()) && !options.shouldRetry(CancellationError()))
        #expect(options.retryResults == nil && options.delay == nil)
        #expect(options.onRetry == nil && options.onDiscard == nil)
        let budget = RetryBudget.Options()
        #expect(options.budget?.options == budget)
        #expect(budget.ratio == 0.2 && budget.minimumPerSecond == 10 && budget.ttl == .seconds(10))
    }

    @Test func defaultsOfCircuitBreakerAndThrottle() throws {
        for options in [CircuitBreakerOptions(), CircuitBreaker().options] {
            #expect(options.trip == .failureRatio(0.5, minimumThroughput: 20, window: .time(.seconds(10))))
            #expect(options.slowCalls == nil)
            guard case .fixed(.seconds(5)) = options.breakDuration else {
                Issue.record("another break: \(options.breakDuration)")
                return
            }
            #expect(options.halfOpenPermits == 1 && options.halfOpenSuccesses == 1 && options.halfOpenFailures == 1)
            #expect(options.halfOpenTimeLimit == .seconds(60) && options.whenOpen == .reject)
            #expect(options.verdict(Failure()) == .failure && options.verdict(CancellationError()) == .ignored)
            #expect(options.failureResults == nil)
        }
        let throttle = ClientThrottle.Options()
        #expect(throttle.multiplier == 2 && throttle.window == .seconds(120) && throttle.isRefusal(Failure()))
    }

    @Test func defaultsOfLimitersAndTimeout() {
        let options = LimiterOptions()
        #expect(options.queueLimit == .max && options.order == .oldestFirst && options.maxWait == nil)
        #expect(RateLimit.smooth(5, per: .seconds(1)) == .smooth(5, per: .seconds(1), burst: 1))
        #expect(
            RateLimit.slidingWindow(5, per: .seconds(1)) == .slidingWindow(5, per: .seconds(1), segments: 10))
        #expect(PartitionedRateLimiter<Int> { _ in RateLimiter(.smooth(1, per: .seconds(1))) }.maxKeys == 10_000)
        #expect(Timeout(.seconds(1)).kind == .automatic)
    }
}
