/// Makes a slow or failed call once more, while the first is still under way, and returns whichever is good first.
///
/// ```swift
/// let hedging = Hedging(delay: .percentile(0.95, initial: .milliseconds(200)))
/// let page = try await hedging.execute { context in try await mirrors[context.attempt - 1].get("/page") }
/// ```
///
/// Cuts the tail of the latencies for a few more calls: with a delay of the 95th percentile, for one in twenty. Only what
/// may be done twice may be hedged.
///
/// It is not a strategy of a pipeline, because its attempts run at the same time: their body must be `@Sendable`, which no
/// pipeline asks of its own. Put pipelines around it and inside of it; an execution inside another inherits its
/// deadline and properties:
///
/// ```swift
/// try await total.execute {                                    // say, a timeout for all attempts together
///     try await hedging.execute { context in
///         try await upstream.execute { try await call() }      // breaker and limiter see each attempt
///     }
/// }
/// ```
///
/// The first attempt that ends well, or with an error that is no failure, decides. If all fail, the first attempt's
/// outcome is the call's.
///
/// - Cancellation: of the caller reaches every attempt; no further one begins. Attempts that have lost are cancelled
///   and waited for (``execute(_:_:)``), or left behind (``executeAbandoning(_:_:)``).
/// - Where it runs: the attempts off the caller's actor, at the same time; each starts at once, in place unless the caller
///   is on an actor. With ``HedgingOptions/Delay-swift.enum/afterFailure`` one after the other, in the caller's task and on its actor.
/// - Ordering: attempts begin in the order of their numbers, which is ``ResilienceContext/attempt``.
/// - Allocates: a task an attempt (with `afterFailure` nothing): two allocations on Concerto's pool, six elsewhere; and where
///   an attempt suspends, an object to wait with and a timer.
///
/// Source: Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", 2013.
public final class Hedging: Sendable {
    @usableFromInline let core: HedgingCore

    /// Creates a hedging from options that come from data.
    public init(options: HedgingOptions) throws(InvalidOptionsError) {
        try options.validate()
        core = HedgingCore(options)
    }

    /// Creates a hedging; traps if a value is invalid, naming all that are. See ``HedgingOptions`` for each parameter.
    public convenience init(
        maxHedges: Int = 1, delay: HedgingOptions.Delay = .fixed(.seconds(2)), budget: RetryBudget? = .own,
        failureResults: ResultPredicate? = nil, name: String? = nil, clock: any TimerClock = MonotonicClock(),
        telemetry: ResilienceTelemetry = .shared
    ) {
        var options = HedgingOptions()
        options.maxHedges = maxHedges
        options.delay = delay
        options.budget = budget
        options.failureResults = failureResults
        options.name = name
        options.clock = clock
        options.telemetry = telemetry
        do { try self.init(options: options) } catch { trapOnInvalidOptions(error) }
    }

    /// The options that the hedging was made with.
    public var options: HedgingOptions { core.options }

    /// How long a call is waited for now before the next attempt begins; `nil` if only a failure or a function brings it.
    public var delay: Duration? { core.presentDelay }

    /// Runs `body`, and once more if it is slow or fails; cancels and awaits what has lost.
    ///
    /// - Parameters:
    ///   - operation: What is being done, for telemetry and messages.
    ///   - body: One attempt, whose number is in its context. Several may run at the same time.
    /// - Returns: The first good result.
    /// - Throws: The error that ended the call: the first attempt's if all have failed.
    @inlinable
    nonisolated(nonsending)
        public func execute<T: Sendable>(
            _ operation: String? = nil, _ body: nonisolated(nonsending) @Sendable (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        try await perform(operation, maxAttempts: core.options.maxHedges + 1, body)
    }

    @inlinable
    nonisolated(nonsending)
        func perform<T: Sendable>(
            _ operation: String?, maxAttempts: Int,
            _ body: nonisolated(nonsending) @Sendable (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        let results = core.options.failureResults
        // Written by the first attempt's child, read when that has been awaited; most calls have no other.
        nonisolated(unsafe) var first: T?
        let others = HedgeResults()
        let outcome = await core.run(ResilienceContext(operation: operation), maxAttempts: maxAttempts) {
            number, context in
            let result = try await body(context)
            let isGood = results.map { results in !results.matches(result) } ?? true
            if number == 1 { first = result } else { others.keep(result, of: number) }
            return isGood
        }
        let winner = outcome.error == nil ? outcome.attempt : 0
        if core.options.onDiscard != nil {
            if winner != 1, let first { await core.discard(first) }
            for loser in others.losers(but: winner) { await core.discard(loser) }
        }
        if let error = outcome.error { throw error }
        guard let result = winner == 1 ? first : others.result(of: winner, as: T.self) else {
            throw MissingResultError(wanted: "\(T.self)", found: nil)
        }
        return result
    }

    /// Runs the first of `actions`, and the next one if it is slow or fails: say, one an endpoint. There are as many
    /// attempts as actions at most, and as ``HedgingOptions/maxHedges`` allows.
    ///
    /// - Throws: As ``execute(_:_:)``; `ArgumentError` without actions.
    nonisolated(nonsending)
        public func execute<T: Sendable>(
            _ operation: String? = nil,
            of actions: [@Sendable (ResilienceContext) async throws -> T]
        ) async throws -> T
    {
        guard !actions.isEmpty else { throw ArgumentError("actions", "empty", "hedging needs at least one") }
        let maxAttempts = min(actions.count, core.options.maxHedges + 1)
        return try await perform(operation, maxAttempts: maxAttempts) { context in
            try await actions[context.attempt - 1](context)
        }
    }

    /// Runs `body`, and once more if it is slow or fails; cancels what has lost and does not wait for it.
    ///
    /// For bodies that take long to notice a cancellation. What they return in the end goes to
    /// ``HedgingOptions/onDiscard``; their errors go nowhere.
    ///
    /// - Cancellation: ends the call at once with `CancellationError`; the attempts are cancelled.
    @inlinable
    nonisolated(nonsending)
        public func executeAbandoning<T: Sendable>(
            _ operation: String? = nil,
            _ body: nonisolated(nonsending) @escaping @Sendable (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        let results = core.options.failureResults
        let kept = HedgeResults()
        let core = core
        let winner: Int
        do {
            winner = try await core.runAbandoning(ResilienceContext(operation: operation)) { number, context in
                let result = try await body(context)
                let isGood = results.map { results in !results.matches(result) } ?? true
                if !kept.keep(result, of: number) { await core.discard(result) }
                return isGood
            }
        } catch {
            for loser in kept.close() { await core.discard(loser) }
            throw error
        }
        let result = kept.result(of: winner, as: T.self)
        for loser in kept.close(but: winner) { await core.discard(loser) }
        guard let result else { throw MissingResultError(wanted: "\(T.self)", found: nil) }
        return result
    }
}

extension HedgingCore {
    @usableFromInline
    nonisolated(nonsending)
        func discard(_ result: any Sendable) async
    {
        await options.onDiscard?(result)
    }
}
