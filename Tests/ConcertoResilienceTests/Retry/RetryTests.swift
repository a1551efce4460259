import ConcertoResilience
import ConcertoTesting
import Testing

struct RetryTests {
    private let clock = ManualClock()

    private func makeRetry(_ change: (inout RetryOptions) -> Void = { _ in }) throws -> Retry {
        var options = RetryOptions()
        options.clock = clock
        options.backoff = .exponential(base: .seconds(1), cap: .seconds(100), jitter: .none)
        options.budget = nil
        change(&options)
        return try Retry(options: options)
    }

    /// Runs `body` while moving the clock to whatever is waited for; returns the delays that were slept.
    private func run<T: Sendable>(
        _ retry: Retry, in context: ResilienceContext = ResilienceContext(),
        _ body: @escaping @Sendable (ResilienceContext) async throws -> T
    ) async -> (Result<T, any Error>, elapsed: Duration) {
        let start = clock.now
        let result = await clock.drive { () async -> Result<T, any Error> in
            do {
                return .success(try await retry.execute(in: context, body))
            } catch {
                return .failure(error)
            }
        }
        return (result, start.duration(to: clock.now))
    }

    @Test func aFirstSuccessWaitsForNothing() async throws {
        let (result, elapsed) = await run(try makeRetry()) { $0.attempt }
        #expect(try result.get() == 1)
        #expect(elapsed == .zero)
    }

    @Test func failuresAreRepeatedWithGrowingDelays() async throws {
        let calls = Counter()
        let (result, elapsed) = await run(try makeRetry { $0.maxRetries = 5 }) { context in
            guard calls.increment() == 4 else { throw Failure() }
            return context.attempt
        }
        #expect(try result.get() == 4)
        #expect(elapsed == .seconds(1 + 2 + 4))
    }

    @Test func theLastErrorIsThrownWhenRetriesRunOut() async throws {
        let calls = Counter()
        let (result, elapsed) = await run(try makeRetry { $0.maxRetries = 2 }) { _ in
            throw Failure(number: calls.increment())
        }
        #expect(throws: Failure(number: 3)) { try result.get() }
        #expect(elapsed == .seconds(3))
    }

    @Test func cancellationErrorsAreNotRetriedByDefault() async throws {
        let calls = Counter()
        let (result, _) = await run(try makeRetry()) { _ in
            calls.increment()
            throw CancellationError()
        }
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(calls.value == 1)
    }

    @Test func aCancelledTaskIsNotRetriedAndKeepsTheError() async throws {
        let retry = try makeRetry()
        let calls = Counter()
        let task = Task {
            try await retry.execute { () async throws -> Void in
                calls.increment()
                withUnsafeCurrentTask { $0?.cancel() }
                throw Failure()
            }
        }
        await #expect(throws: Failure.self) { try await task.value }
        #expect(calls.value == 1)
    }

    @Test func cancellationEndsADelayAtOnce() async throws {
        let retry = try makeRetry()
        let task = Task { try await retry.execute { () async throws -> Void in throw Failure() } }
        await clock.sleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.pending == 0)
    }

    @Test func retryAfterIsNeverShortenedAndIsCapped() async throws {
        for (demanded, expected) in [(Duration.seconds(30), Duration.seconds(30)), (.seconds(86_400), .seconds(60))] {
            let calls = Counter()
            let (_, elapsed) = await run(
                try makeRetry {
                    $0.backoff.jitter = .full
                    $0.maxRetries = 1
                }
            ) { _ in
                guard calls.increment() == 2 else { throw Busy(retryAdvice: .after(demanded)) }
            }
            #expect(elapsed == expected)
        }
    }

    @Test func aLongerBackoffBeatsRetryAfter() async throws {
        let calls = Counter()
        let (_, elapsed) = await run(try makeRetry { $0.backoff.base = .seconds(50) }) { _ in
            guard calls.increment() == 2 else { throw Busy(retryAdvice: .after(.seconds(1))) }
        }
        #expect(elapsed == .seconds(50))
    }

    @Test func anErrorCanForbidRetries() async throws {
        let calls = Counter()
        let (result, _) = await run(try makeRetry { $0.shouldRetry = { _ in true } }) { _ in
            calls.increment()
            throw Busy(retryAdvice: .never)
        }
        #expect(throws: Busy.self) { try result.get() }
        #expect(calls.value == 1)
    }

    @Test func noRetryBeginsAfterTheTotalTime() async throws {
        let calls = Counter()
        let (result, elapsed) = await run(
            try makeRetry {
                $0.maxRetries = .max
                $0.maxTotalTime = .seconds(10)
            }
        ) { _ in
            calls.increment()
            throw Failure()
        }
        #expect(throws: Failure.self) { try result.get() }
        // 1 + 2 + 4 = 7; the next delay of 8 would end at 15: it is not begun.
        #expect(elapsed == .seconds(7))
        #expect(calls.value == 4)
    }

    @Test func noDelayBeginsThatEndsAfterTheDeadline() async throws {
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(5), kind: .cooperative, clock: clock)
            Retry(
                maxRetries: 9, backoff: .exponential(base: .seconds(1), jitter: .none), budget: nil, clock: clock)
        }
        let result = await clock.drive { await pipeline.executeOutcome { _ in throw Failure() } }
        #expect(throws: Failure.self) { try result.get() }
        #expect(clock.now == TimerInstant(nanoseconds: 3_000_000_000))
    }

    @Test func resultsCanBeRetriedAndTheLastIsReturned() async throws {
        let calls = Counter()
        let discarded = Log<Int>()
        let (result, elapsed) = await run(
            try makeRetry {
                $0.maxRetries = 2
                $0.retryResults = ResultPredicate { (value: Int) in value < 10 }
                $0.onDiscard = { discarded.append($0 as? Int ?? -1) }
            }
        ) { _ in calls.increment() }
        #expect(try result.get() == 3)
        #expect(discarded.entries == [1, 2])
        #expect(elapsed == .seconds(3))
    }

    @Test func aDelayGeneratorReplacesTheBackoffButNotRetryAfter() async throws {
        let calls = Counter()
        let (_, elapsed) = await run(
            try makeRetry { $0.delay = { $0.attempt == 1 ? .seconds(7) : nil } }
        ) { _ in
            switch calls.increment() {
            case 1: throw Failure()
            case 2: throw Busy(retryAdvice: .after(.seconds(20)))
            default: return
            }
        }
        #expect(elapsed == .seconds(27))
    }

    /// Regression by design: a generated delay that escapes every cap lets one answer put a client to sleep for a day.
    @Test func aGeneratedDelayIsCappedToo() async throws {
        let calls = Counter()
        let (_, elapsed) = await run(
            try makeRetry {
                $0.delay = { _ in .seconds(86_400) }
                $0.maxRetryAfter = .seconds(90)
            }
        ) { _ in
            guard calls.increment() == 2 else { throw Failure() }
        }
        #expect(elapsed == .seconds(90))
    }

    @Test func anEmptyBudgetEndsTheRetries() async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 0.2, ttl: .seconds(10), clock: clock)
        let retry = try makeRetry {
            $0.maxRetries = 9
            $0.budget = budget
            $0.backoff = .none
        }
        let calls = Counter()
        let (result, _) = await run(retry) { _ in
            calls.increment()
            throw Failure()
        }
        #expect(throws: Failure.self) { try result.get() }
        #expect(calls.value == 3)  // 0.2/s · 10 s = 2 retries
    }

    @Test func anEmptyBudgetCanDelayInsteadOfFail() async throws {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 0.1, ttl: .seconds(10), clock: clock)
        let retry = try makeRetry {
            $0.maxRetries = 3
            $0.budget = budget
            $0.whenBudgetExhausted = .wait
            $0.backoff = .none
        }
        let calls = Counter()
        let (result, elapsed) = await run(retry) { _ in
            guard calls.increment() == 4 else { throw Failure() }
            return calls.value
        }
        #expect(try result.get() == 4)
        #expect(elapsed == .seconds(20))  // one retry at once, one each time a withdrawal is forgotten
    }

    @Test func theDefaultBudgetIsEachRetrysOwnAndOnItsClock() async throws {
        let first = Retry(maxRetries: .max, backoff: .none, clock: clock)
        let second = Retry(maxRetries: .max, backoff: .none, clock: clock)
        for retry in [first, second] {
            let calls = Counter()
            await #expect(throws: Failure.self) {
                try await retry.execute { () async throws -> Void in
                    calls.increment()
                    throw Failure()
                }
            }
            #expect(calls.value == 101)  // the call and ten seconds' worth of the floor
        }
        #expect(first.options.budget?.balance == 0)
        clock.advance(by: .seconds(11))
        #expect(first.options.budget?.balance == 100)
    }

    @Test func invalidOptionsAreAllNamed() {
        var options = RetryOptions()
        options.maxRetries = -1
        options.backoff = .exponential(base: .seconds(-1), factor: 0.5)
        options.maxTotalTime = .zero
        options.maxRetryAfter = .seconds(-1)
        options.budget = RetryBudget(minimumPerSecond: 0)
        options.whenBudgetExhausted = .wait
        #expect {
            try options.validate()
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == [
                "maxRetries", "backoff.base", "backoff.factor", "maxTotalTime", "maxRetryAfter",
                "budget.minimumPerSecond",
            ]
        }
    }
}
