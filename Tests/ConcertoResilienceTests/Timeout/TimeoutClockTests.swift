import ConcertoResilience
import ConcertoTesting
import Testing

/// Timeouts and queues of one pipeline on different clocks.
struct TimeoutClockTests {
    private let clock = ManualClock()
    private let other = ManualClock()

    /// Regression: the outer timeout became cooperative because a native one stood further in, which knows nothing of
    /// the outer one's clock.
    @Test func anOuterTimeoutOnAnotherClockIsEnforced() async throws {
        let gate = Gate()
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(2), clock: clock)
            Timeout(.seconds(30), clock: other)
        }
        let task = Task {
            try await pipeline.execute {
                await gate.wait()
                try Task.checkCancellation()
            }
        }
        await gate.arrival()
        clock.advance(by: .seconds(2))
        gate.open()
        await #expect(throws: TimeoutError(limit: .seconds(2))) { try await task.value }
    }

    /// Regression: a queue obeys deadlines of its own clock only, but said that it obeyed every one.
    @Test func anOuterTimeoutEndsAWaitInAQueueOnAnotherClock() async throws {
        let limiter = RateLimiter(.smooth(1, per: .seconds(3_600)), clock: other)
        #expect(limiter.tryAcquire())
        let inner = ResiliencePipeline {
            limiter
            Timeout(.seconds(30), clock: clock)
        }
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(2), clock: clock)
            inner
        }
        let task = Task { try await pipeline.execute {} }
        await settle { limiter.statistics.waiters == 1 }
        clock.advance(by: .seconds(2))
        await settle { limiter.statistics.waiters == 0 }
        await #expect(throws: TimeoutError(limit: .seconds(2))) { try await task.value }
    }

    /// Regression: as for a queue; a retry waits for its budget, whose clock may be another.
    @Test func anOuterTimeoutIsNativeAroundARetryThatWaitsForABudgetOnAnotherClock() throws {
        for (clock, kind) in [(clock, Timeout.Kind.cooperative), (other, .native)] {
            let budget = RetryBudget(clock: clock)
            var inner = ResiliencePipeline {
                Retry(budget: budget, whenBudgetExhausted: .wait, clock: self.clock)
                Timeout(.seconds(2), clock: self.clock)
            }
            var site = StrategySite()
            inner.prepare(&site)
            var outer = Timeout(.seconds(30), clock: self.clock)
            outer.prepare(&site)
            #expect(outer.kind == kind)
        }
    }

    @Test func theKindDependsOnTheClockOfTheTimeoutFurtherInAlsoThroughAPipeline() {
        var inner = ResiliencePipeline {
            Retry(clock: clock)
            Timeout(.seconds(2), clock: clock)
        }
        for (clock, kind) in [(clock, Timeout.Kind.cooperative), (other, .native)] {
            var site = StrategySite()
            inner.prepare(&site)
            var outer = Timeout(.seconds(30), clock: clock)
            outer.prepare(&site)
            #expect(outer.kind == kind)
        }
    }
}

extension TimeoutClockTests {
    @Test(arguments: [Timeout.Kind.cooperative, .native])
    func `a timeout tells its closure what the body threw, and finds the context`(kind: Timeout.Kind) async throws {
        let clock = ManualClock()
        let seen = Log<String>()
        let timeout = Timeout(.seconds(1), kind: kind, name: "slow", clock: clock) { event in
            seen.append(
                "\(event.limit) \(event.name ?? "") \(event.error.map { "\(type(of: $0))" } ?? "") \(event.context.operation ?? "") \(ResilienceContext.current?.operation ?? "")"
            )
        }
        await #expect(throws: TimeoutError.self) {
            try await timeout.execute("load") {
                clock.advance(by: .seconds(1))
                throw CancellationError()
            }
        }
        #expect(seen.entries == ["1.0 seconds slow CancellationError load load"])
    }
}
