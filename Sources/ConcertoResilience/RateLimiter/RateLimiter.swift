/// Lets only so much pass in a given time; what comes too early waits its turn or is turned away.
///
/// ```swift
/// let limiter = RateLimiter(.smooth(50, per: .seconds(1), burst: 10))
/// try await limiter.acquire()
/// ```
///
/// - Cancellation: a waiting caller leaves the queue with `CancellationError` and has taken nothing; one that was let
///   pass at the same moment goes on.
/// - Where it runs: callers resume on their own executor.
/// - Ordering: strict first in, first out, also for callers that ask for different amounts; newest first by choice.
/// - Allocates: nothing for who passes at once; an object for who waits, and one timer for all of them.
public final class RateLimiter: ResilienceStrategy {
    private let queue: LimiterQueue<RateState>

    /// Creates a limiter from a limit and options that come from data.
    ///
    /// - Parameters:
    ///   - limit: How much may pass.
    ///   - options: How callers wait.
    /// - Throws: `InvalidOptionsError`, which names every field that cannot work.
    public init(_ limit: RateLimit, options: LimiterOptions) throws(InvalidOptionsError) {
        var check = OptionsCheck("RateLimiter")
        check.require(limit.check(), in: "limit")
        check.require(options)
        try check.finish()
        let clock = StrategyClock(options.clock)
        queue = LimiterQueue(
            RateState(limit, at: clock.now), options, clock: clock, waited: .rateLimiterWaited,
            rejected: .rateLimiterRejected)
    }

    /// Creates a limiter; traps if a value is invalid. See ``LimiterOptions`` for each parameter.
    public convenience init(
        _ limit: RateLimit, queueLimit: Int = .max, order: QueueOrder = .oldestFirst, maxWait: Duration? = nil,
        name: String? = nil, clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared
    ) {
        let options = LimiterOptions(queueLimit, order, maxWait, name, clock, telemetry)
        do { try self.init(limit, options: options) } catch { trapOnInvalidOptions(error) }
    }

    /// The present limit.
    public var limit: RateLimit { queue.admission.update { state, _ in state.limit } }

    /// How many permits could be taken at once; negative after reservations.
    public var available: Int { queue.admission.update { state, now in state.available(at: now) } }

    /// Who waits.
    public var statistics: WaitStatistics { queue.admission.statistics }

    /// Takes `permits` if they may pass now and nobody waits for them.
    ///
    /// - Parameter permits: 1 or more.
    /// - Returns: Whether they were taken; always `false` for less than 1 and for more than the limit lets pass at once.
    public func tryAcquire(_ permits: Int = 1) -> Bool {
        permits >= 1 && queue.admission.tryAdmit(permits) != nil
    }

    /// Waits until `permits` may pass, and takes them.
    ///
    /// - Cancellation: ends the wait; nothing is taken. A caller that is cancelled already takes nothing.
    /// - Parameter permits: 1 or more.
    /// - Throws: ``RateLimiterRejectedError``; `ArgumentError` for less than 1 permit; `CancellationError`.
    @inlinable
    nonisolated(nonsending)
        public func acquire(_ permits: Int = 1) async throws
    {
        guard !Task.isCancelled, tryAcquire(permits) else { return try await wait(permits, nil) }
    }

    /// Takes `permits` now and tells how long to wait before using them.
    ///
    /// A reservation stands behind earlier reservations. Callers that wait are not overtaken by what it takes from the
    /// future, but wait longer.
    ///
    /// - Parameter permits: 1 or more.
    /// - Returns: The wait, zero if they may be used at once; `nil`, and nothing is taken, for less than 1 and for more than
    ///   the limit lets pass at once.
    public func reserve(_ permits: Int = 1) -> Duration? {
        queue.admission.update { state, now in
            guard permits >= 1, !state.isNever(permits) else { return nil }
            return max(.zero, now.duration(to: state.reserve(permits, at: now)))
        }
    }

    /// Gives back permits that were taken and are not used after all, to those who wait first. Never makes more than a full
    /// burst; limits of windows keep them.
    package func giveBack(_ permits: Int) {
        guard permits > 0 else { return }
        queue.admission.update { state, now in state.giveBack(permits, at: now) }
    }

    /// How long a caller that came now would wait; `nil` for less than 1 and for more than the limit lets pass at once.
    ///
    /// Exact to a nanosecond for each caller that waits already; behind callers that ask a windowed limit for different
    /// amounts, at least so long.
    public func retryAfter(_ permits: Int = 1) -> Duration? {
        permits < 1 || permits > limit.burst ? nil : queue.admission.wait(permits)
    }

    /// Puts another limit in force, for those who wait too. What has been used stays used; callers that wait for more
    /// than the new limit lets pass at once are turned away.
    public func update(to limit: RateLimit) throws(InvalidOptionsError) {
        try limit.validate()
        queue.admission.update { state, now in state.change(to: limit, at: now) }
    }

    /// Runs `body` when one permit may pass.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        guard !Task.isCancelled, tryAdmit(context) else {
            try await wait(1, context)
            return try await body(context.with(reading: ResilienceContext.noReading))
        }
        try await body(context)
    }

    @usableFromInline
    func tryAdmit(_ context: ResilienceContext) -> Bool {
        queue.admission.tryAdmit(at: context.now(on: queue.clock)) != nil
    }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// What it measures with.
    public var _clock: (any TimerClock)? { queue.options.clock }

    /// Its queue obeys the context's deadline.
    public func prepare(_ site: inout StrategySite) { site.obeysDeadlines(of: queue.clock) }

    @usableFromInline
    nonisolated(nonsending)
        func wait(_ permits: Int, _ context: ResilienceContext?) async throws
    {
        try await queue.wait(permits, context) { RateLimiterRejectedError($0, queue.options.name) }
    }
}
