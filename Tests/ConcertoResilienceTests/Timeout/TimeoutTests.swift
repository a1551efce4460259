import ConcertoResilience
import ConcertoTesting
import Testing

struct TimeoutTests {
    @Test func theErrorSaysWhichTimeoutEndedWhat() async throws {
        let inner = Timeout(.milliseconds(1), kind: .native, name: "attempt")
        let error = try await #require(throws: TimeoutError.self) {
            try await inner.execute("load user") { try await Task.sleep(for: .seconds(1_000)) }
        }
        #expect(error == TimeoutError(limit: .milliseconds(1), name: "attempt", operation: "load user"))
        #expect("\(error)" == "\"load user\" was not over after 0.001 seconds (timeout \"attempt\")")
        #expect("\(TimeoutError(limit: .seconds(1)))" == "the wait was not over after 1.0 seconds")
    }

    private let clock = ManualClock()

    private func timeout(_ limit: Duration = .seconds(2), kind: Timeout.Kind = .automatic) -> Timeout {
        Timeout(limit, kind: kind, clock: clock)
    }

    @Test(arguments: [Timeout.Kind.automatic, .native, .cooperative])
    func aQuickBodyReturnsItsValueOrThrowsItsError(kind: Timeout.Kind) async throws {
        let timeout = timeout(kind: kind)
        #expect(try await timeout.execute { 42 } == 42)
        await #expect(throws: Failure(number: 1)) {
            try await timeout.execute { () async throws -> Void in throw Failure(number: 1) }
        }
    }

    @Test func aBodyThatTakesTooLongIsCancelledAndReported() async throws {
        let timeout = timeout()
        let task = Task { try await timeout.execute { try await clock.sleep(for: .seconds(10)) } }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(2))
        await #expect(throws: TimeoutError(limit: .seconds(2))) { try await task.value }
    }

    @Test func theCallerStaysUncancelledAndItsSleepsWork() async throws {
        let timeout = timeout()
        let task = Task {
            let outcome = await timeout.executeOutcome { _ in try await clock.sleep(for: .seconds(10)) }
            #expect(throws: TimeoutError.self) { try outcome.get() }
            #expect(!Task.isCancelled)
            try await clock.sleep(for: .seconds(1))
            return try await timeout.execute { 7 }
        }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(2))
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        #expect(try await task.value == 7)
    }

    @Test func theCallersCancellationReachesTheBodyAndIsNotATimeout() async throws {
        let timeout = timeout()
        let task = Task { try await timeout.execute { try await clock.sleep(for: .seconds(10)) } }
        await clock.sleepers(count: 2)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aCallerThatIsCancelledAlreadyCancelsTheBody() async throws {
        let timeout = timeout()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await timeout.execute { Task.isCancelled }
        }
        #expect(try await task.value)
    }

    @Test func aBodyThatIgnoresCancellationIsWaitedForAndItsLateResultIsReturned() async throws {
        let timeout = timeout()
        let gate = Gate()
        let task = Task {
            try await timeout.execute {
                await gate.wait()
                return Task.isCancelled
            }
        }
        await gate.arrival()
        clock.advance(by: .seconds(5))
        gate.open()
        #expect(try await task.value)
    }

    /// What peers got wrong: a response whose body was still to be read was cancelled with its attempt.
    @Test(arguments: [Timeout.Kind.native, .cooperative])
    func whatTheBodyReturnsOutlivesTheLimit(kind: Timeout.Kind) async throws {
        let gate = Gate()
        let reading = try await timeout(kind: kind).execute {
            Task {
                await gate.wait()
                return Task.isCancelled
            }
        }
        clock.advance(by: .seconds(5))
        gate.open()
        #expect(await !reading.value)
    }

    @Test func aLateErrorOfAnyKindBecomesATimeout() async throws {
        let timeout = timeout()
        let gate = Gate()
        let task = Task {
            try await timeout.execute { () async throws -> Void in
                await gate.wait()
                throw Failure()
            }
        }
        await gate.arrival()
        clock.advance(by: .seconds(5))
        gate.open()
        await #expect(throws: TimeoutError.self) { try await task.value }
    }

    @Test func aRetryAroundATimeoutTriesAgain() async throws {
        let pipeline = ResiliencePipeline {
            Retry(maxRetries: 2, backoff: .constant(.seconds(1)), budget: nil, clock: clock)
            timeout()
        }
        let task = Task {
            try await pipeline.execute { context in
                if context.attempt < 3 { try await clock.sleep(for: .seconds(60)) }
                return context.attempt
            }
        }
        for _ in 1...2 {
            await clock.sleepers(count: 2)
            clock.advance(by: .seconds(2))
            await clock.sleepers(count: 1)
            clock.advance(by: .seconds(1))
        }
        #expect(try await task.value == 3)
    }

    @Test func anOuterTimeoutIsCooperativeAroundANativeOneAndIsReportedAsItself() async throws {
        let pipeline = ResiliencePipeline {
            timeout(.seconds(3))
            Retry(maxRetries: .max, backoff: .none, budget: nil, clock: clock)
            timeout(.seconds(2))
        }
        let task = Task { try await pipeline.execute { try await clock.sleep(for: .seconds(60)) } }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(2))
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(1))  // the second attempt had one second left
        await #expect(throws: TimeoutError(limit: .seconds(3))) { try await task.value }
        #expect(clock.now == TimerInstant(nanoseconds: 3_000_000_000))
    }

    @Test func anOwnStrategyBetweenMakesTheOuterTimeoutNative() async throws {
        struct Stubborn: ResilienceStrategy {
            let clock: ManualClock
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws {
                try await clock.sleep(for: .seconds(60))
                try await body(context)
            }
        }
        let pipeline = ResiliencePipeline {
            timeout(.seconds(3))
            Stubborn(clock: clock)
            timeout(.seconds(2))
        }
        let task = Task { try await pipeline.execute { 1 } }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(3))
        await #expect(throws: TimeoutError(limit: .seconds(3))) { try await task.value }
    }

    @Test func aDeadlineThatHasPassedKeepsTheBodyFromStarting() async throws {
        let calls = Counter()
        let pipeline = ResiliencePipeline {
            timeout(.seconds(1), kind: .cooperative)
            Advance(clock: clock, by: .seconds(1))
            timeout(.seconds(5), kind: .native)
        }
        await #expect(throws: TimeoutError(limit: .seconds(1))) {
            try await pipeline.execute { calls.increment() }
        }
        #expect(calls.value == 0)
    }

    @Test func theDeadlineIsVisibleFarBelow() async throws {
        for kind in [Timeout.Kind.native, .cooperative] {
            let remaining = try await timeout(kind: kind).execute { ResilienceContext.current?.remaining }
            #expect(remaining == .seconds(2))
        }
        #expect(ResilienceContext.current == nil)
    }

    @MainActor @Test func theBodyKeepsTheCallersIsolation() async throws {
        var touched = 0
        try await timeout().execute {
            MainActor.assertIsolated()
            touched += 1
            await Task.yield()
            MainActor.assertIsolated()
            touched += 1
        }
        #expect(touched == 2)
    }

    @Test func manyBodiesShareOneTimer() async throws {
        let timeout = timeout(.seconds(10))
        let gate = Gate()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { try? await timeout.execute { await gate.wait() } }
            }
            await gate.arrival(of: 50)
            #expect(clock.pending == 1)
            gate.open()
        }
    }

    @Test func anInvalidLimitIsNamed() {
        #expect {
            try Timeout(validating: .zero)
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == ["limit"]
        }
    }

    /// Deadlines, cancellations and completions in every order: each body ends exactly once, with one of the outcomes
    /// that its events allow, and nothing hangs.
    @Test func deadlinesRacingCompletionsAndCancellationsEndOnce() async throws {
        let seed = UInt64.random(in: 0 ..< .max)
        print("seed", seed)
        let random = RandomSource.seeded(seed)
        let timeout = Timeout(.microseconds(300))
        for _ in 0..<40 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    let nanoseconds = Int64(random.next() % 600_000)
                    let isCancelled = random.next() % 4 == 0
                    let task = Task {
                        do {
                            try await timeout.execute {
                                try await MonotonicClock().sleep(for: .nanoseconds(nanoseconds))
                            }
                        } catch is TimeoutError {
                        } catch is CancellationError {
                            #expect(isCancelled)
                        } catch {
                            Issue.record("unexpected \(error)")
                        }
                        #expect(isCancelled || !Task.isCancelled)
                    }
                    group.addTask { await task.value }
                    if isCancelled { task.cancel() }
                }
            }
        }
    }
}

/// Moves the clock before it goes on.
struct Advance: ResilienceStrategy {
    let clock: ManualClock
    let duration: Duration

    init(clock: ManualClock, by duration: Duration) {
        self.clock = clock
        self.duration = duration
    }

    nonisolated(nonsending)
        func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        clock.advance(by: duration)
        try await body(context)
    }

    func prepare(_ site: inout StrategySite) {}
}
