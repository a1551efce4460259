import ConcertoResilience
import ConcertoTesting
import Testing

extension ResiliencePropertyKey<String> {
    fileprivate static let tenant = ResiliencePropertyKey("tenant")
}

/// R1: what a user's code that a strategy calls knows of the execution.
struct CallbackContextTests {
    private var context: ResilienceContext {
        var context = ResilienceContext(operation: "load")
        context.properties[.tenant] = "acme"
        return context
    }

    private static func see(_ name: String, _ seen: Log<String>) {
        seen.append("\(name): \(ResilienceContext.current?.properties[.tenant] ?? "nothing")")
    }

    @Test func `every callback of a retry sees the context, R1`() async throws {
        let seen = Log<String>()
        var options = RetryOptions()
        options.maxRetries = 2
        options.backoff = .none
        options.shouldRetry = { _ in
            Self.see("shouldRetry", seen)
            return true
        }
        options.retryResults = ResultPredicate { (number: Int) in
            Self.see("retryResults", seen)
            return number < 0
        }
        options.delay = { _ in
            Self.see("delay", seen)
            return nil
        }
        options.onRetry = { _ in Self.see("onRetry", seen) }
        options.onDiscard = { _ in Self.see("onDiscard", seen) }
        let value = try await Retry(options: options).execute(in: context) { context in
            switch context.attempt {
            case 1: throw Failure()
            case 2: return -1
            default: return 1
            }
        }
        #expect(value == 1)
        #expect(
            Set(seen.entries)
                == [
                    "shouldRetry: acme", "retryResults: acme", "delay: acme", "onRetry: acme", "onDiscard: acme",
                ])
    }

    @Test func `a retry is told the attempt, the result and the deadline, R1`() async throws {
        let clock = ManualClock()
        let seen = Log<String>()
        var context = context
        context.deadline = clock.now.advanced(by: .seconds(9))
        let retry = Retry(
            maxRetries: 1, backoff: .none, budget: nil, retryResults: ResultPredicate { (number: Int) in number < 0 },
            clock: clock,
            onRetry: { event in
                let result = event.result as? Int
                seen.append(
                    "\(event.attempt) \(result ?? 0) \(event.context.remaining ?? .zero) \(event.context.operation ?? "")"
                )
            })
        _ = try await retry.execute(in: context) { $0.attempt == 1 ? -5 : 5 }
        #expect(seen.entries == ["1 -5 9.0 seconds load"])
    }

    @Test func `every callback of breaker, throttle and fallback sees the context, R1`() async throws {
        let seen = Log<String>()
        var breaker = CircuitBreakerOptions()
        breaker.verdict = { _ in
            Self.see("verdict", seen)
            return .failure
        }
        breaker.failureResults = ResultPredicate { (_: Int) in
            Self.see("failureResults", seen)
            return false
        }
        var throttle = ClientThrottle.Options()
        throttle.isRefusal = { _ in
            Self.see("isRefusal", seen)
            return true
        }
        let pipeline = try ResiliencePipeline {
            Fallback(
                shouldHandle: { _ in
                    Self.see("shouldHandle", seen)
                    return true
                },
                results: ResultPredicate { (_: Int) in
                    Self.see("results", seen)
                    return false
                }
            ) { _ in
                Self.see("action", seen)
                return 0
            }
            try CircuitBreaker(options: breaker)
            try ClientThrottle(options: throttle)
        }
        _ = try await pipeline.execute(in: context) { _ in 1 }
        _ = try await pipeline.execute(in: context) { _ -> Int in throw Failure() }
        let names = ["verdict", "failureResults", "isRefusal", "shouldHandle", "results", "action"]
        #expect(Set(seen.entries) == Set(names.map { "\($0): acme" }))
    }

    @Test func `listeners see the context and its properties, R1`() async throws {
        let telemetry = ResilienceTelemetry()
        let seen = Log<String>()
        let registration = telemetry.addListener { event in
            seen.append("\(event.name.rawValue) \(event.properties[.tenant] ?? "nothing")")
            Self.see("listener", seen)
        }
        let pipeline = ResiliencePipeline(telemetry: telemetry) { Retry(telemetry: telemetry) }
        try await pipeline.execute(in: context) { _ in }
        registration.remove()
        #expect(
            seen.entries
                == ["attempt.executed acme", "listener: acme", "pipeline.executed acme", "listener: acme"])
    }

    @Test func `what an event keeps does not hold the result`() async throws {
        let telemetry = ResilienceTelemetry()
        let kept = Log<ResilienceContext?>()
        let registration = telemetry.addListener { kept.append($0.context) }
        let retry = Retry(
            maxRetries: 0, budget: nil, retryResults: ResultPredicate { (_: Int) in true }, telemetry: telemetry)
        _ = try await retry.execute(in: context) { _ in 1 }
        registration.remove()
        #expect(kept.entries.count == 2)
        #expect(kept.entries.allSatisfy { $0?.result == nil && $0?.properties[.tenant] == "acme" })
    }

    @Test func `a pipeline in a fallback inherits the deadline, R1`() async throws {
        let clock = ManualClock()
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(2), kind: .cooperative, clock: clock)
            Fallback { _ in
                try await ResiliencePipeline { Retry(clock: clock) }.execute { context in context.remaining }
            }
        }
        let remaining = try await pipeline.execute { () async throws -> Duration? in throw Failure() }
        #expect(remaining == .seconds(2))
    }

    @Test func `callbacks outside of an execution with something to say find nothing`() async throws {
        let seen = Log<String>()
        let retry = Retry(maxRetries: 1, backoff: .none, onRetry: { _ in Self.see("onRetry", seen) })
        _ = try? await retry.execute { () async throws -> Void in throw Failure() }
        #expect(seen.entries == ["onRetry: nothing"])
        #expect(ResilienceContext.current == nil)
    }
}
