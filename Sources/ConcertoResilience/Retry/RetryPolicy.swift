/// The part of a ``Retry`` that decides.
@usableFromInline
final class RetryPolicy: Sendable {
    /// One execution.
    @usableFromInline
    struct Run {
        @usableFromInline var attempt = 1
        var backoff = Backoff.State()
        /// When the first attempt began; read only if the total time is limited.
        let start: TimerInstant?
        /// When the present attempt began; read only if somebody listens.
        var attemptStart: TimerInstant?

        func context(from context: ResilienceContext) -> ResilienceContext {
            guard attempt != 1 else { return context }
            var context = context.with(reading: ResilienceContext.noReading)
            context.attempt = attempt
            return context
        }
    }

    let options: RetryOptions
    @usableFromInline let inspectsResults: Bool
    @usableFromInline let budget: RetryBudget?
    let clock: StrategyClock

    init(_ options: RetryOptions) {
        var options = options
        options.budget =
            options.budget === RetryBudget.own ? RetryBudget(clock: options.clock) : options.budget
        self.options = options
        inspectsResults = options.retryResults != nil
        budget = options.budget
        clock = StrategyClock(options.clock)
    }

    @usableFromInline
    func begin(_ context: ResilienceContext) -> Run {
        budget?.deposit(context)
        return Run(start: options.maxTotalTime == nil ? nil : context.now(on: clock))
    }

    /// Whether more is to be done about an attempt than to repeat it when it throws.
    @usableFromInline var looksAtAttempts: Bool { inspectsResults || options.telemetry.isActive }

    /// Makes the present attempt, and those after it.
    @usableFromInline
    nonisolated(nonsending)
        func attempt(_ run: inout Run, _ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        while true {
            run.attemptStart = options.telemetry.isActive ? clock.now : nil
            let failure: (any Error)?
            do {
                try await body(run.context(from: context))
                guard let retryResults = options.retryResults,
                    run.context(from: context).bound({ retryResults.matches(context.result) })
                else {
                    return reportAttempt(run, context, nil, isHandled: false)
                }
                failure = nil
            } catch {
                failure = error
            }
            guard try await isRepeated(&run, context, failure) else {
                if let failure { throw failure }
                return
            }
        }
    }

    /// Decides whether a failed attempt is repeated, and waits until it is time.
    ///
    /// The budget is asked last, so that a retry that is not made for another reason takes nothing out of it.
    ///
    /// - Parameter failure: The attempt's error; `nil` if its result is to be retried.
    /// - Returns: `true` when the next attempt is to begin; `false` if there is none.
    @usableFromInline
    nonisolated(nonsending)
        func isRepeated(
            _ run: inout Run, _ context: ResilienceContext, _ failure: (any Error)?
        ) async throws -> Bool
    {
        let context = run.context(from: context)
        let advice = (failure as? any RetryAfterProviding)?.retryAdvice ?? .unspecified
        if let failure {
            guard advice != .never, !Task.isCancelled, context.bound({ options.shouldRetry(failure) }) else {
                reportAttempt(run, context, failure, isHandled: false)
                return false
            }
        } else if Task.isCancelled {
            reportAttempt(run, context, nil, isHandled: false)
            return false
        }
        reportAttempt(run, context, failure, isHandled: true)
        guard run.attempt <= options.maxRetries else {
            report(.retryExhausted, .error, context, failure)
            return false
        }
        let delay = delay(&run, context, failure, advice)
        let limit = min(
            run.start.map { $0.advanced(by: options.maxTotalTime ?? .zero) } ?? .distantFuture,
            context.deadline(on: clock))
        guard clock.now.advanced(by: delay) < limit else {
            report(.retryExhausted, .error, context, failure)
            return false
        }
        // Before anything that says that there will be a retry, and before its result is thrown away.
        guard let withdrawal = try await withdrawal(before: limit, delay, context, failure) else { return false }
        do {
            try await announceAndWait(context, delay, failure)
        } catch {
            // It will not be made.
            budget?.giveBack(withdrawal)
            throw error
        }
        run.attempt = run.attempt == .max ? .max : run.attempt + 1
        return true
    }

    nonisolated(nonsending)
        private func announceAndWait(
            _ context: ResilienceContext, _ delay: Duration, _ failure: (any Error)?
        ) async throws
    {
        let wake = clock.now.advanced(by: delay)
        if let onRetry = options.onRetry {
            context.bound { onRetry(RetryEvent(context, delay: delay, error: failure)) }
        }
        report(.retryAttempt, .warning, context, failure, delay: delay)
        if let onDiscard = options.onDiscard, let result = context.result {
            nonisolated(unsafe) let discarded = result  // taken out of the slot: nobody else has it
            context.result = nil
            try await context.awaiting { await onDiscard(discarded) }
        }
        // What was called above may have taken its time, and a retry at once has no sleep that would notice.
        if delay > .zero { try await clock.sleep(until: wake) } else { try Task.checkCancellation() }
    }

    /// Takes the retry out of the budget; where it has to wait for that, only as long as `delay` then still ends before
    /// `limit`.
    ///
    /// - Returns: What to give back if the retry is not made; `nil` if it must not be.
    nonisolated(nonsending)
        private func withdrawal(
            before limit: TimerInstant, _ delay: Duration, _ context: ResilienceContext, _ failure: (any Error)?
        ) async throws -> RetryBudget.Withdrawal?
    {
        guard let budget else { return .ofNothing }
        if let withdrawal = budget.tryTake() { return withdrawal }
        if options.whenBudgetExhausted == .wait {
            report(.retryBudgetWaiting, .warning, context, failure)
            let latest = limit == .distantFuture ? limit : limit.advanced(by: .zero - delay)
            if let withdrawal = try await budget.withdraw(before: latest, on: clock) { return withdrawal }
        }
        report(.retryBudgetExhausted, .error, context, failure)
        return nil
    }

    private func delay(
        _ run: inout Run, _ context: ResilienceContext, _ failure: (any Error)?, _ advice: RetryAdvice
    ) -> Duration {
        var delay = options.backoff.delay(beforeRetry: run.attempt - 1, state: &run.backoff) {
            options.random.nextUnit()
        }
        if let generate = options.delay {
            let event = RetryEvent(context, delay: delay, error: failure)
            delay = context.bound { generate(event) }.map { min(max(.zero, $0), options.maxRetryAfter) } ?? delay
        }
        guard case .after(let demanded) = advice else { return delay }
        return max(delay, min(demanded, options.maxRetryAfter))
    }

    private func reportAttempt(_ run: Run, _ context: ResilienceContext, _ error: (any Error)?, isHandled: Bool) {
        guard options.telemetry.isActive else { return }
        let severity: ResilienceEvent.Severity =
            if !isHandled { .information } else if run.attempt <= options.maxRetries { .warning } else { .error }
        options.telemetry.emit(
            ResilienceEvent(
                .attemptExecuted, severity, strategy: options.name, context: run.context(from: context),
                duration: run.attemptStart?.duration(to: clock.now), error: error, isHandled: isHandled))
    }

    private func report(
        _ name: ResilienceEvent.Name, _ severity: ResilienceEvent.Severity, _ context: ResilienceContext,
        _ error: (any Error)?, delay: Duration? = nil
    ) {
        guard options.telemetry.isActive else { return }
        options.telemetry.emit(
            ResilienceEvent(name, severity, strategy: options.name, context: context, delay: delay, error: error))
    }
}
