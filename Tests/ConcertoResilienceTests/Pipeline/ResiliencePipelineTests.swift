import ConcertoResilience
import ConcertoTesting
import Testing

struct ResiliencePipelineTests {
    // Once came back as `Optional(42)`: an optional as a whole is an `Any` too.
    @Test func aResultOfAnyTypeIsNotWrappedByAStrategyThatLooksAtResults() async throws {
        let retry = Retry(retryResults: ResultPredicate { (text: String) in text == "again" })
        let any: Any = try await retry.execute { () -> Any in 42 }
        #expect(type(of: any) == Int.self)
        let sendable: any Sendable = try await Fallback { _ in 1 }.execute { () -> any Sendable in "text" }
        #expect(type(of: sendable) == String.self)
        let none: Int? = try await retry.execute { () -> Int? in nil }
        #expect(none == nil)
    }

    private let clock = ManualClock()

    /// Writes down when it is entered and left.
    private struct Trace: ResilienceStrategy {
        let name: String
        let log: Log<String>

        nonisolated(nonsending)
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
        {
            log.append("+\(name)")
            defer { log.append("-\(name)") }
            try await body(context)
        }
    }

    @Test func strategiesRunOutermostFirst() async throws {
        let log = Log<String>()
        let pipeline = ResiliencePipeline {
            Trace(name: "a", log: log)
            Trace(name: "b", log: log)
            Trace(name: "c", log: log)
        }
        try await pipeline.execute { log.append("body") }
        #expect(log.entries == ["+a", "+b", "+c", "body", "-c", "-b", "-a"])
    }

    @Test func anEmptyPipelineRunsTheBody() async throws {
        #expect(try await ResiliencePipeline {}.execute { 1 } == 1)
    }

    @Test(arguments: [true, false])
    func branchesChooseStrategies(isTraced: Bool) async throws {
        let log = Log<String>()
        let pipeline = ResiliencePipeline {
            if isTraced { Trace(name: "a", log: log) }
            if isTraced { Trace(name: "b", log: log) } else { Trace(name: "c", log: log) }
        }
        try await pipeline.execute {}
        #expect(log.entries == (isTraced ? ["+a", "+b", "-b", "-a"] : ["+c", "-c"]))
    }

    @Test func pipelinesNestAndCanBeStoredByName() async throws {
        let inner = ResiliencePipeline { Retry(maxRetries: 2, backoff: .none, budget: nil) }
        let pipelines = ["users": ResiliencePipeline { inner }]
        let calls = Counter()
        let result = try await pipelines["users"]?.execute { context in
            guard calls.increment() == 3 else { throw Failure() }
            return context.attempt
        }
        #expect(result == 3)
    }

    @Test func valuesThatAreNotSendableComeOut() async throws {
        final class Box { var value = 0 }
        let pipeline = ResiliencePipeline { Retry() }
        let box = Box()
        let result = try await pipeline.execute { () -> Box in
            box.value += 1
            return box
        }
        #expect(result === box && box.value == 1)
    }

    @Test func theBodysErrorComesOutAsItIs() async {
        let pipeline = ResiliencePipeline { Retry(maxRetries: 0) }
        await #expect(throws: Failure(number: 3)) {
            try await pipeline.execute { () async throws -> Void in throw Failure(number: 3) }
        }
    }

    @Test func anOutcomeNeverThrows() async throws {
        let pipeline = ResiliencePipeline { Retry(maxRetries: 0) }
        #expect(try await pipeline.executeOutcome { $0.attempt }.get() == 1)
        let failed = await pipeline.executeOutcome { _ in throw Failure() }
        #expect(throws: Failure.self) { try failed.get() }
    }

    @Test func aTypedExecutionTellsFailuresFromRejections() async {
        let limiter = RateLimiter(.smooth(1, per: .seconds(1)), queueLimit: 0, clock: clock)
        let pipeline = ResiliencePipeline { limiter }
        do {
            try await pipeline.execute(throwing: Failure.self) { () async throws(Failure) -> Void in
                throw Failure(number: 1)
            }
            Issue.record("should have thrown")
        } catch {
            guard case .failure(Failure(number: 1)) = error else {
                Issue.record("unexpected \(error)")
                return
            }
        }
        do {
            _ = try await pipeline.execute(throwing: Failure.self) { () async throws(Failure) -> Int in 1 }
            Issue.record("should have thrown")
        } catch {
            guard case .rejected(is RateLimiterRejectedError) = error else {
                Issue.record("unexpected \(error)")
                return
            }
        }
    }

    @Test func theContextCarriesOperationAttemptDeadlineAndProperties() async throws {
        let key = ResiliencePropertyKey<String>("tenant")
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(30), clock: clock)
            Retry(maxRetries: 3, backoff: .none, budget: nil, clock: clock)
        }
        var context = ResilienceContext(operation: "load")
        context.properties[key] = "acme"
        let seen = try await pipeline.execute(in: context) { context -> ResilienceContext? in
            guard context.attempt == 3 else { throw Failure() }
            return ResilienceContext.current
        }
        #expect(seen?.operation == "load")
        #expect(seen?.attempt == 3)
        #expect(seen?.remaining == .seconds(30))
        #expect(seen?.properties[key] == "acme")
        #expect(ResilienceContext.current == nil)
    }

    @Test func anInnerExecutionInheritsDeadlineAndProperties() async throws {
        let outer = ResiliencePipeline { Timeout(.seconds(5), kind: .cooperative, clock: clock) }
        let inner = ResiliencePipeline { Timeout(.seconds(60), kind: .cooperative, clock: clock) }
        let remaining = try await outer.execute { try await inner.execute { $0.remaining } }
        #expect(remaining == .seconds(5))
    }

    /// Regression by design: an execution's state kept in the policy leaks into executions that run at the same time.
    @Test func executionsAtTheSameTimeShareNoContext() async throws {
        let pipeline = ResiliencePipeline { Retry(maxRetries: 3, backoff: .none, budget: nil) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                let wanted = 1 + index % 4
                group.addTask {
                    let seen = try await pipeline.execute("operation \(index)") { context in
                        await Task.yield()
                        #expect(ResilienceContext.current?.attempt ?? 1 == context.attempt)
                        guard context.attempt == wanted else { throw Failure() }
                        return context
                    }
                    #expect(seen.attempt == wanted && seen.operation == "operation \(index)")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func aDeadlineOfAnotherClockMeansNothing() async throws {
        let other = ManualClock()
        other.advance(by: .seconds(1_000))
        let outer = ResiliencePipeline { Timeout(.seconds(5), kind: .cooperative, clock: clock) }
        let inner = ResiliencePipeline { Timeout(.seconds(60), kind: .cooperative, clock: other) }
        let remaining = try await outer.execute { try await inner.execute { $0.remaining } }
        #expect(remaining == .seconds(60))
    }

    @MainActor @Test func theBodyRunsWithTheCallersIsolation() async throws {
        var count = 0
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(30))
            RateLimiter(.smooth(1_000_000, per: .seconds(1), burst: 100))
            Retry(maxRetries: 3, backoff: .none)
            CircuitBreaker()
            Timeout(.seconds(2))
        }
        for _ in 0..<10 {
            try await pipeline.execute {
                MainActor.assertIsolated()
                count += 1
                if count % 3 == 1 { throw Failure() }
            }
        }
        #expect(count == 15)
    }

    /// Everything at once, at random: each execution ends once, and every limiter is empty afterwards.
    @Test func aWholePipelineSurvivesRandomFailuresAndCancellations() async throws {
        let random = seeded()
        let limiter = RateLimiter(.smooth(1_000_000, per: .seconds(1), burst: 50))
        let bulkhead = ConcurrencyLimiter(permits: 8)
        let breaker = CircuitBreaker(
            failureRatio: 0.5, minimumThroughput: 10, window: .milliseconds(20), breakFor: .milliseconds(1))
        let pipeline = ResiliencePipeline {
            Timeout(.milliseconds(20))
            limiter
            bulkhead
            Retry(maxRetries: 3, backoff: .exponential(base: .microseconds(100), cap: .milliseconds(1)))
            breaker
            Timeout(.milliseconds(1))
        }
        let ended = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_500 {
                let kind = random.int(below: 6)
                let isCancelled = random.int(below: 5) == 0
                let task = Task {
                    _ = try? await pipeline.execute {
                        switch kind {
                        case 0: throw Failure()
                        case 1: try await MonotonicClock().sleep(for: .milliseconds(2))
                        case 2: await Task.yield()
                        default: break
                        }
                    }
                    ended.increment()
                }
                group.addTask { await task.value }
                if isCancelled { task.cancel() }
            }
        }
        #expect(ended.value == 1_500)
        #expect(bulkhead.inUse == 0)
        #expect(limiter.statistics.waiters == 0 && bulkhead.statistics.waiters == 0)
    }
}
