/// The part of a ``Hedging`` that does not depend on the type of the result.
@usableFromInline
final class HedgingCore: Sendable {
    /// Makes one attempt; tells whether its result is a good one.
    @usableFromInline typealias Body =
        nonisolated(nonsending) @Sendable (Int, ResilienceContext) async throws -> Bool

    /// What races are kept for: a call allocates none once as many exist as calls have run at the same time.
    private static let mostFreeRaces = 256

    @usableFromInline let options: HedgingOptions
    let clock: StrategyClock
    @usableFromInline let budget: RetryBudget?
    private let countsCalls: Bool
    private let free = Guarded([HedgeRace]())
    /// Of first attempts, where the delay is a quantile.
    let latencies: Guarded<LatencyWindow>?

    init(_ options: HedgingOptions) {
        self.options = options
        clock = StrategyClock(options.clock)
        let isOwn = options.budget === RetryBudget.own
        budget = isOwn ? RetryBudget(clock: options.clock) : options.budget
        countsCalls = options.countsCalls ?? isOwn
        if case .percentile(let share, _, let minimum) = options.delay {
            latencies = Guarded(LatencyWindow(share: share, minimum: minimum))
        } else {
            latencies = nil
        }
    }

    /// How long a call is waited for now before the next attempt begins; `nil` if only a failure brings it.
    var presentDelay: Duration? {
        switch options.delay {
        case .fixed(let delay): delay
        case .percentile(_, let initial, _): latencies?.withLock { $0.quantile }.map { .nanoseconds($0) } ?? initial
        case .generated, .afterFailure: nil
        }
    }

    private func countCall(_ context: ResilienceContext) {
        if countsCalls { budget?.deposit(context) }
    }

    // MARK: Races

    private func takeRace(_ maxAttempts: Int) -> HedgeRace {
        guard let race = free.withLock({ $0.popLast() }) else { return HedgeRace(maxAttempts: maxAttempts) }
        race.prepare(maxAttempts: maxAttempts)
        return race
    }

    private func giveBack(_ race: HedgeRace) {
        race.reset()
        free.withLock { free in
            if free.count < Self.mostFreeRaces { free.append(race) }
        }
    }

    // MARK: A call whose attempts are all waited for

    /// Makes the attempts and waits for all of them.
    ///
    /// - Returns: The number of the attempt whose outcome is the call's, and its error, if that is what it is.
    @usableFromInline
    nonisolated(nonsending)
        func run(
            _ context: ResilienceContext, maxAttempts: Int, _ body: Body
        ) async -> (attempt: Int, error: (any Error)?)
    {
        if case .afterFailure = options.delay { return await runInTurn(context, maxAttempts, body) }
        let start = clock.now
        countCall(context.with(reading: clock.other == nil ? start : ResilienceContext.noReading))
        let race = takeRace(maxAttempts)
        await attempt(race, context, start, body)
        let number = race.winner ?? 1
        let error = race.entries[number - 1].error
        if number > 1 { reportWinner(number, context) }
        giveBack(race)
        return (number, error)
    }

    func noteLatency(since start: TimerInstant) {
        guard case .percentile = options.delay else { return }
        let now = clock.now
        latencies?.withLock { $0.record(now.nanoseconds - start.nanoseconds, at: now) }
    }

    /// Waits until an attempt has won, or all have failed, or the caller has been cancelled; begins others meanwhile.
    nonisolated(nonsending)
        func coordinate(
            _ race: HedgeRace, _ context: ResilienceContext, _ start: TimerInstant, _ body: Body
        ) async
    {
        var isDelayOver = false
        var due: TimerInstant?
        var isDelayKnown = false
        while true {
            switch race.step(isDelayOver: isDelayOver) {
            case .decided:
                return race.cancelLosers()
            case .start:
                guard begins(race, context) else {
                    race.close()
                    continue
                }
                await attempt(race, context, clock.now, body)
                return noteLoss(race, context, start)
            case .wait(let forDelay):
                if forDelay, !isDelayKnown {
                    due = dueTime(after: start, race, context)
                    isDelayKnown = true
                    if let due, due <= start {
                        isDelayOver = true
                        continue
                    }
                }
                switch await race.wait(until: forDelay ? due : nil, on: clock) {
                case .timedOut: isDelayOver = true
                case .cancelled: return race.close()  // the attempts have been cancelled with it
                case .granted, .failed: break
                }
            }
        }
    }

    /// A first attempt that has lost was slow: it counts with the time it has had, or the quantile would sink from hedge
    /// to hedge.
    private func noteLoss(_ race: HedgeRace, _ context: ResilienceContext, _ start: TimerInstant) {
        guard context.attempt == 1, let winner = race.winner, winner != 1 else { return }
        noteLatency(since: start)
    }

    /// When the next attempt begins if none fails; `nil` for never.
    private func dueTime(after start: TimerInstant, _ race: HedgeRace, _ context: ResilienceContext) -> TimerInstant? {
        var delay = presentDelay
        if case .generated(let generate) = options.delay {
            let event = HedgeEvent(attempt: race.next.attempt, error: nil, context: context.kept)
            delay = context.bound { generate(event) }
        }
        guard let delay else { return nil }
        let due = start.advanced(by: max(.zero, delay))
        // One that would begin when the call must be over is of no use.
        return due < context.deadline(on: clock) ? due : nil
    }

    /// Whether the next attempt may begin; takes it out of the budget and tells of it.
    private func begins(_ race: HedgeRace, _ context: ResilienceContext) -> Bool {
        let (attempt, failure) = race.next
        return begins(attempt, failure, context)
    }

    private func begins(_ attempt: Int, _ failure: (any Error)?, _ context: ResilienceContext) -> Bool {
        guard !Task.isCancelled, clock.now < context.deadline(on: clock) else { return false }
        var context = context
        context.attempt = attempt
        guard budget.map({ $0.tryWithdraw() }) ?? true else {
            report(.hedgingBudgetExhausted, .warning, context, failure)
            return false
        }
        if let onHedge = options.onHedge {
            let event = HedgeEvent(attempt: attempt, error: failure, context: context.kept)
            context.bound { onHedge(event) }
        }
        report(.hedgingAttempt, .warning, context, failure)
        return true
    }

    private func reportWinner(_ number: Int, _ context: ResilienceContext) {
        guard options.telemetry.isActive else { return }
        var context = context
        context.attempt = number
        report(.hedgingWon, .information, context, nil)
    }

    private func report(
        _ name: ResilienceEvent.Name, _ severity: ResilienceEvent.Severity, _ context: ResilienceContext,
        _ error: (any Error)?
    ) {
        guard options.telemetry.isActive else { return }
        options.telemetry.emit(ResilienceEvent(name, severity, strategy: options.name, context: context, error: error))
    }

    // MARK: A call whose attempts never run at the same time

    /// Without a delay that could pass, an attempt begins when the one before has failed: all of them in the caller's task.
    nonisolated(nonsending)
        private func runInTurn(
            _ context: ResilienceContext, _ maxAttempts: Int, _ body: Body
        ) async -> (attempt: Int, error: (any Error)?)
    {
        countCall(context)
        var firstError: (any Error)?
        var number = 1
        while true {
            var inner = context.with(reading: ResilienceContext.noReading)
            inner.attempt = number
            var failure: (any Error)?
            var isOutcome = false
            do {
                let isBound = inner.bind()
                defer { ResilienceContext.unbind(isBound) }
                isOutcome = try await body(number, inner)
            } catch {
                failure = error
            }
            if let failure { isOutcome = !inner.bound { options.isFailure(failure) } }
            if number == 1 { firstError = failure }
            if isOutcome {
                if number > 1 { reportWinner(number, context) }
                return (number, failure)
            }
            guard number < maxAttempts, begins(number + 1, failure, context) else { return (1, firstError) }
            number += 1
        }
    }

    // MARK: A call whose losers are left behind

    /// Makes the attempts and waits for the one that wins; the others are cancelled and go on as long as they like.
    @usableFromInline
    nonisolated(nonsending)
        func runAbandoning(_ context: ResilienceContext, _ body: @escaping Body) async throws -> Int
    {
        countCall(context)
        let race = HedgeRace(maxAttempts: options.maxHedges + 1)  // the losers keep it
        let context = context.with(reading: ResilienceContext.noReading)
        let start = begin(race, context, body)
        await coordinateAbandoning(race, context, start, body)
        race.cancelLosers()
        if race.winner == nil { try Task.checkCancellation() }
        let number = race.winner ?? 1
        if let error = race.entries[number - 1].error { throw error }
        if number > 1 { reportWinner(number, context) }
        return number
    }

    private func begin(_ race: HedgeRace, _ context: ResilienceContext, _ body: @escaping Body) -> TimerInstant {
        let (number, entry) = race.begin()
        let start = clock.now
        var inner = context
        inner.attempt = number
        let context = inner
        Task { await self.make(number, entry, race, context, start, body, isolation: nil) }
        return start
    }

    nonisolated(nonsending)
        private func coordinateAbandoning(
            _ race: HedgeRace, _ context: ResilienceContext, _ start: TimerInstant, _ body: @escaping Body
        ) async
    {
        var start = start
        var isDelayOver = false
        while true {
            switch race.step(isDelayOver: isDelayOver) {
            case .decided:
                return
            case .start:
                guard begins(race, context) else {
                    race.close()
                    continue
                }
                start = begin(race, context, body)
                isDelayOver = false
            case .wait(let forDelay):
                let due = forDelay ? dueTime(after: start, race, context) : nil
                if let due, due <= start {
                    isDelayOver = true
                    continue
                }
                switch await race.wait(until: due, on: clock) {
                case .timedOut: isDelayOver = true
                case .cancelled: return race.close()
                case .granted, .failed: break
                }
            }
        }
    }
}
