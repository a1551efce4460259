import ConcertoResilience
import Testing

/// Strategies hand a reading of the system's clock inward; nobody may take an old one for the present time.
///
/// The limits are far away, and what is compared are deadlines: no test here waits or depends on how fast it runs.
struct ClockReadingTests {
    private let clock = MonotonicClock()
    private let limit = Duration.seconds(1_000)

    /// Lets time pass, then notes what time it is.
    private func pass(_ log: Log<TimerInstant>) {
        let start = clock.now
        while clock.now.nanoseconds < start.nanoseconds + 1_000 {}
        log.append(clock.now)
    }

    /// A strategy of somebody else's.
    private struct Slow: ResilienceStrategy {
        let pass: @Sendable () -> Void

        nonisolated(nonsending)
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
        {
            pass()
            try await body(context)
        }
    }

    private var outer: Timeout { Timeout(.seconds(100_000), kind: .cooperative) }
    private var inner: Timeout { Timeout(limit, kind: .cooperative) }

    private func expectFresh(_ pipeline: ResiliencePipeline, _ log: Log<TimerInstant>) async throws {
        let deadline = try await pipeline.execute { $0.deadline }
        let earliest = try #require(log.entries.last).advanced(by: limit)
        #expect(deadline >= earliest)
    }

    @Test func aStrategyThatTakesItsTimeMakesNoReadingOld() async throws {
        let log = Log<TimerInstant>()
        let slow = Slow { pass(log) }
        try await expectFresh(
            ResiliencePipeline {
                outer
                slow
                inner
            }, log)
        try await expectFresh(
            ResiliencePipeline {
                outer
                ResiliencePipeline { slow }
                inner
            }, log)
        try await expectFresh(
            ResiliencePipeline {
                outer
                if true { slow } else { NoStrategy() }
                ResiliencePipeline { inner }
            }, log)
    }

    @Test func aStrategyMadeOfOthersGetsNoReadingToKeep() async throws {
        struct Composed: ResilienceStrategy {
            let outer: Timeout
            let inner: Timeout
            let pass: @Sendable () -> Void

            nonisolated(nonsending)
                func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
            {
                try await outer.execute(context) { context in
                    pass()
                    try await inner.execute(context, body)
                }
            }
        }
        let log = Log<TimerInstant>()
        try await expectFresh(
            ResiliencePipeline { Composed(outer: outer, inner: inner) { pass(log) } }, log)
    }

    @Test func eachAttemptReadsTheClockAnew() async throws {
        let log = Log<TimerInstant>()
        let pipeline = ResiliencePipeline {
            outer
            Retry(maxRetries: 2, backoff: .none, budget: nil)
            inner
        }
        let deadline = try await pipeline.execute { context in
            pass(log)
            if context.attempt < 3 { throw Failure() }
            return context.deadline
        }
        // Noted in the second attempt, before the third began.
        #expect(deadline >= log.entries[1].advanced(by: limit))
    }

    @Test func theOperationSeesNoReading() async throws {
        let log = Log<TimerInstant>()
        let pipeline = ResiliencePipeline {
            outer
            Retry()
        }
        for isInspecting in [false, true] {
            let all = ResiliencePipeline {
                if isInspecting { Fallback { _ in TimerInstant.distantFuture } }
                pipeline
            }
            let deadline = try await all.execute { context in
                pass(log)
                // Both ways in which code can hand its context on.
                let byArgument = try await inner.execute(in: context) { $0.deadline }
                let current = try #require(ResilienceContext.current)
                let seen = Log<TimerInstant>()
                try await inner.execute(context) { seen.append($0.deadline) }
                try await inner.execute(current) { seen.append($0.deadline) }
                return min(byArgument, seen.entries.min() ?? byArgument)
            }
            #expect(deadline >= (try #require(log.entries.last)).advanced(by: limit))
        }
    }

    @Test func aWaitMakesTheReadingOld() async throws {
        let log = Log<TimerInstant>()
        let limiter = ConcurrencyLimiter(permits: 1)
        let pipeline = ResiliencePipeline {
            outer
            limiter
            inner
        }
        try await limiter.acquire()
        let waiting = Task { try await pipeline.execute { $0.deadline } }
        await settle { limiter.statistics.waiters == 1 }
        pass(log)
        limiter.release()
        #expect(try await waiting.value >= (try #require(log.entries.last)).advanced(by: limit))
    }
}
