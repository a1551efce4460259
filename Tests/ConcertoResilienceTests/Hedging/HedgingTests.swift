import ConcertoResilience
import ConcertoTesting
import Testing

struct HedgingTests {
    private let clock = ManualClock()

    private func makeHedging(_ change: (inout HedgingOptions) -> Void = { _ in }) throws -> Hedging {
        var options = HedgingOptions()
        options.clock = clock
        options.budget = nil
        options.delay = .fixed(.seconds(1))
        change(&options)
        return try Hedging(options: options)
    }

    /// A body whose attempts end as the test says, each when it says.
    private final class Attempts: Sendable {
        let begun = Log<Int>()
        let ended = Log<Int>()
        let cancelled = Log<Int>()
        private let gates = (0..<12).map { _ in Gate() }

        func run(_ context: ResilienceContext) async throws -> Int {
            begun.append(context.attempt)
            await withTaskCancellationHandler {
                await gates[context.attempt].wait()
            } onCancel: {
                cancelled.append(context.attempt)
                gates[context.attempt].open()
            }
            ended.append(context.attempt)
            return context.attempt
        }

        func finish(_ attempt: Int) { gates[attempt].open() }
    }

    // MARK: When attempts begin

    /// Polly: one hedged attempt, a delay of 2 s.
    @Test func `the defaults are Polly's`() {
        let options = HedgingOptions()
        #expect(options.maxHedges == 1)
        guard case .fixed(.seconds(2)) = options.delay else {
            Issue.record("\(options.delay)")
            return
        }
        #expect(options.isFailure(Failure()) && !options.isFailure(CancellationError()))
        #expect(options.failureResults == nil && options.onHedge == nil && options.onDiscard == nil)
        #expect(options.countsCalls == nil && options.budget === RetryBudget.own)
    }

    /// Polly: 1 to 10.
    @Test(arguments: [0, 11, -1, Int.max])
    func `a number of attempts that cannot be is named`(maxHedges: Int) throws {
        let error = try #require(throws: InvalidOptionsError.self) { try makeHedging { $0.maxHedges = maxHedges } }
        #expect(error.problems.map(\.field) == ["maxHedges"])
    }

    @Test func `every bad option is named`() throws {
        let delays: [(HedgingOptions.Delay, [String])] = [
            (.fixed(.seconds(-1)), ["delay"]),
            (
                .percentile(1, initial: .seconds(-1), minimumSamples: 0),
                ["delay.percentile", "delay.initial", "delay.minimumSamples"]
            ),
            (.percentile(.nan, initial: .zero), ["delay.percentile"]),
        ]
        for (delay, fields) in delays {
            let error = try #require(throws: InvalidOptionsError.self) { try makeHedging { $0.delay = delay } }
            #expect(error.subject == "Hedging" && error.problems.map(\.field) == fields)
        }
    }

    @Test func `a call that is quick enough is made once`() async throws {
        let hedging = try makeHedging()
        let calls = Counter()
        #expect(try await hedging.execute { _ in calls.increment() } == 1)
        #expect(calls.value == 1)
    }

    @Test func `a slow call is made again after the delay, and the first good one wins`() async throws {
        let hedging = try makeHedging()
        let attempts = Attempts()
        let call = Task { try await hedging.execute { try await attempts.run($0) } }
        await clock.sleepers()
        clock.advance(by: .seconds(1) - .nanoseconds(1))
        #expect(attempts.begun.entries == [1])
        clock.advance(by: .nanoseconds(1))
        await settle { attempts.begun.entries == [1, 2] }
        attempts.finish(2)
        #expect(try await call.value == 2)
        // Cancelled and waited for.
        #expect(attempts.cancelled.entries == [1] && attempts.ended.entries == [2, 1])
    }

    @Test func `the first attempt may win though the second is under way`() async throws {
        let hedging = try makeHedging()
        let attempts = Attempts()
        let call = Task { try await hedging.execute { try await attempts.run($0) } }
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        await settle { attempts.begun.entries == [1, 2] }
        attempts.finish(1)
        #expect(try await call.value == 1)
        #expect(attempts.cancelled.entries == [2])
    }

    /// Polly's latency mode: when the delay passes, or the present one is handled as a failure.
    @Test func `one that fails is followed at once`() async throws {
        let hedging = try makeHedging { $0.maxHedges = 3 }
        let begun = Log<Int>()
        let value = try await hedging.execute { context in
            begun.append(context.attempt)
            if context.attempt < 3 { throw Failure(number: context.attempt) }
            return context.attempt
        }
        #expect(value == 3 && begun.entries == [1, 2, 3])
        #expect(clock.now == TimerInstant(nanoseconds: 0))
    }

    /// Polly's fallback mode.
    @Test func `after a failure only means that time alone brings none`() async throws {
        let hedging = try makeHedging { $0.delay = .afterFailure }
        let attempts = Attempts()
        let call = Task { try await hedging.execute { try await attempts.run($0) } }
        await settle { attempts.begun.entries == [1] }
        clock.advance(by: .seconds(3_600))
        attempts.finish(1)
        #expect(try await call.value == 1)
        #expect(attempts.begun.entries == [1])
    }

    /// Polly's parallel mode.
    @Test func `without a delay all begin together`() async throws {
        let hedging = try makeHedging {
            $0.delay = .fixed(.zero)
            $0.maxHedges = 3
        }
        let attempts = Attempts()
        let call = Task { try await hedging.execute { try await attempts.run($0) } }
        await settle { attempts.begun.entries.count == 4 }
        attempts.finish(3)
        #expect(try await call.value == 3)
        #expect(Set(attempts.cancelled.entries) == [1, 2, 4])
    }

    /// Polly's dynamic mode; `nil` as its action generator's, which stops.
    @Test func `a function may say when, and never`() async throws {
        let asked = Log<Int>()
        let hedging = try makeHedging {
            $0.maxHedges = 5
            $0.delay = .generated { event in
                asked.append(event.attempt)
                return event.attempt == 2 ? .seconds(3) : nil
            }
        }
        let attempts = Attempts()
        let call = Task { try await hedging.execute { try await attempts.run($0) } }
        await clock.sleepers()
        clock.advance(by: .seconds(3))
        await settle { attempts.begun.entries == [1, 2] && asked.entries == [2, 3] }
        clock.advance(by: .seconds(3_600))
        #expect(attempts.begun.entries == [1, 2])
        attempts.finish(1)
        #expect(try await call.value == 1)
    }

    // MARK: How a call ends

    /// Polly: the first-launched completed outcome, not the last.
    @Test func `if all fail the first attempt's error is thrown`() async throws {
        let hedging = try makeHedging { $0.maxHedges = 3 }
        let calls = Counter()
        await #expect(throws: Failure(number: 1)) {
            try await hedging.execute { context in
                calls.increment()
                throw Failure(number: context.attempt)
            }
        }
        #expect(calls.value == 4)
    }

    @Test func `if all results are unwanted the first attempt's is returned`() async throws {
        let hedging = try makeHedging { $0.failureResults = ResultPredicate { (number: Int) in number > 0 } }
        #expect(try await hedging.execute { $0.attempt } == 1)
    }

    @Test func `an unwanted result is followed by the next attempt`() async throws {
        let discarded = Log<Int>()
        let hedging = try makeHedging {
            $0.maxHedges = 2
            $0.failureResults = ResultPredicate { (number: Int) in number < 3 }
            $0.onDiscard = { if let number = $0 as? Int { discarded.append(number) } }
        }
        #expect(try await hedging.execute { $0.attempt } == 3)
        #expect(discarded.entries == [1, 2])
    }

    @Test func `an error that is no failure ends the call`() async throws {
        let hedging = try makeHedging { $0.isFailure = { ($0 as? Failure)?.number != 7 } }
        let calls = Counter()
        await #expect(throws: Failure(number: 7)) {
            try await hedging.execute { _ in
                calls.increment()
                throw Failure(number: 7)
            }
        }
        #expect(calls.value == 1)
    }

    @Test func `what a loser returns goes to the hook`() async throws {
        let discarded = Log<Int>()
        let hedging = try makeHedging { $0.onDiscard = { if let number = $0 as? Int { discarded.append(number) } } }
        let attempts = Attempts()
        let call = Task { try await hedging.execute { try await attempts.run($0) } }
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        await settle { attempts.begun.entries == [1, 2] }
        attempts.finish(2)
        #expect(try await call.value == 2)
        #expect(discarded.entries == [1])
    }

    // MARK: What attempts know

    @Test func `each attempt has the deadline, the properties and its number`() async throws {
        let hedging = try makeHedging { $0.maxHedges = 2 }
        let seen = Log<String>()
        let clock = clock
        _ = try? await Timeout(.seconds(9), kind: .cooperative, clock: clock).execute("load") {
            try await hedging.execute { context in
                let current = ResilienceContext.current
                seen.append(
                    "\(context.attempt) \(current?.attempt ?? 0) \(context.operation ?? "") \(current?.remaining ?? .zero)"
                )
                throw Failure()
            }
        }
        #expect(seen.entries == (1...3).map { "\($0) \($0) load 9.0 seconds" })
    }

    @Test func `no attempt begins when the call must be over`() async throws {
        let hedging = try makeHedging { $0.delay = .fixed(.seconds(5)) }
        let attempts = Attempts()
        let clock = clock
        let call = Task {
            try await Timeout(.seconds(4), kind: .cooperative, clock: clock).execute {
                try await hedging.execute { try await attempts.run($0) }
            }
        }
        await settle { attempts.begun.entries == [1] }
        clock.advance(by: .seconds(10))
        attempts.finish(1)
        #expect(try await call.value == 1)
        #expect(attempts.begun.entries == [1])
    }

    // MARK: Cancellation

    @Test func `the caller's cancellation reaches every attempt and begins no further one`() async throws {
        let hedging = try makeHedging { $0.maxHedges = 5 }
        let attempts = Attempts()
        let call = Task {
            try await hedging.execute { context in
                _ = try await attempts.run(context)
                try Task.checkCancellation()
            }
        }
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        await settle { attempts.begun.entries == [1, 2] }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(Set(attempts.cancelled.entries) == [1, 2] && attempts.begun.entries == [1, 2])
    }

    @Test func `a lost attempt leaves the caller uncancelled`() async throws {
        let hedging = try makeHedging()
        let attempts = Attempts()
        let call = Task {
            _ = try await hedging.execute { try await attempts.run($0) }
            return Task.isCancelled
        }
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        await settle { attempts.begun.entries == [1, 2] }
        attempts.finish(2)
        #expect(try await call.value == false)
    }

    @Test func `losers that are left behind are cancelled and not waited for`() async throws {
        let discarded = Log<Int>()
        let hedging = try makeHedging { $0.onDiscard = { if let number = $0 as? Int { discarded.append(number) } } }
        let deaf = Gate()
        let begun = Log<Int>()
        let call = Task {
            try await hedging.executeAbandoning { context in
                begun.append(context.attempt)
                if context.attempt == 1 { await deaf.wait() }
                return context.attempt
            }
        }
        await deaf.arrival()
        await clock.sleepers()
        clock.advance(by: .seconds(1))
        #expect(try await call.value == 2)
        #expect(discarded.entries.isEmpty)
        deaf.open()
        await settle { discarded.entries == [1] }
    }

    @Test func `a caller that is cancelled leaves all attempts behind`() async throws {
        let hedging = try makeHedging()
        let deaf = Gate()
        let call = Task { try await hedging.executeAbandoning { _ in await deaf.wait() } }
        await deaf.arrival()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        deaf.open()
    }

    // MARK: Several actions

    @Test func `each attempt runs the next action and there are no more than actions`() async throws {
        let hedging = try makeHedging { $0.maxHedges = 5 }
        let begun = Log<String>()
        let actions: [@Sendable (ResilienceContext) async throws -> Int] = ["one", "two"].map { name in
            { context in
                begun.append(name)
                throw Failure(number: context.attempt)
            }
        }
        await #expect(throws: Failure(number: 1)) { try await hedging.execute(of: actions) }
        #expect(begun.entries == ["one", "two"])
        #expect(try await hedging.execute(of: [{ _ in 7 }]) == 7)
        await #expect(throws: ArgumentError.self) { try await hedging.execute(of: Array(actions.prefix(0))) }
    }
}
