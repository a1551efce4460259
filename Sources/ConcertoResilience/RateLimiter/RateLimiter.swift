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
    /// How a limiter behaves.
    public struct Options: Sendable {
        /// How much may pass.
        public var limit: RateLimit
        /// How many permits may be waited for: 0 or more, 0 to turn away at once. Default: no limit.
        public var queueLimit = Int.max
        /// Who is served first.
        public var order = QueueOrder.oldestFirst
        /// How long a caller waits at most: zero or longer; default no limit. Who can know at once that it would take
        /// longer is turned away at once.
        public var maxWait: Duration?
        /// The limiter's name, for telemetry and messages.
        public var name: String?
        /// What the limit is measured with.
        public var clock: any TimerClock = MonotonicClock()
        /// Where rejections are reported.
        public var telemetry = ResilienceTelemetry.shared

        /// The defaults for `limit`.
        public init(limit: RateLimit) {
            self.limit = limit
        }

        /// Names every field that cannot work.
        public func validate() throws(InvalidOptionsError) {
            var check = OptionsCheck("RateLimiter")
            check.require(limit.check(), in: "limit")
            check.require(queueLimit, "queueLimit", atLeast: 0)
            if let maxWait { check.requireNotNegative(maxWait, "maxWait") }
            try check.finish()
        }
    }

    private let options: Options
    private let clock: StrategyClock
    private let queue: AdmissionQueue<RateState>

    /// Creates a limiter from options that come from data.
    public init(options: Options) throws(InvalidOptionsError) {
        try options.validate()
        self.options = options
        clock = StrategyClock(options.clock)
        queue = AdmissionQueue(
            RateState(options.limit, at: clock.now), clock: clock, queueLimit: options.queueLimit,
            order: options.order)
    }

    /// Creates a limiter; traps if a value is invalid. See ``Options`` for each parameter.
    public convenience init(
        _ limit: RateLimit, queueLimit: Int = .max, order: QueueOrder = .oldestFirst, maxWait: Duration? = nil,
        name: String? = nil, clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared
    ) {
        var options = Options(limit: limit)
        options.queueLimit = queueLimit
        options.order = order
        options.maxWait = maxWait
        options.name = name
        options.clock = clock
        options.telemetry = telemetry
        do { try self.init(options: options) } catch { fatalError("\(error)") }
    }

    /// The present limit.
    public var limit: RateLimit { queue.update { state, _ in state.limit } }

    /// How many permits could be taken at once; negative after reservations.
    public var available: Int { queue.update { state, now in state.available(at: now) } }

    /// Who waits.
    public var statistics: WaitStatistics { queue.statistics }

    /// Takes `permits` if they may pass now and nobody waits for them.
    ///
    /// - Returns: Whether they were taken; always `false` for more than the limit lets pass at once.
    /// - Precondition: `permits >= 1`.
    public func tryAcquire(_ permits: Int = 1) -> Bool {
        precondition(permits >= 1, "RateLimiter.tryAcquire needs 1 or more permits, not \(permits)")
        return queue.tryAdmit(permits) != nil
    }

    /// Waits until `permits` may pass, and takes them.
    ///
    /// - Cancellation: ends the wait; nothing is taken. A caller that is cancelled already takes nothing.
    /// - Throws: ``RateLimiterRejectedError``; `CancellationError`.
    /// - Precondition: `permits >= 1`.
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
    /// - Returns: The wait, zero if they may be used at once; `nil`, and nothing is taken, for more than the limit lets
    ///   pass at once.
    /// - Precondition: `permits >= 1`.
    public func reserve(_ permits: Int = 1) -> Duration? {
        precondition(permits >= 1, "RateLimiter.reserve needs 1 or more permits, not \(permits)")
        return queue.update { state, now in
            guard !state.isNever(permits) else { return nil }
            return max(.zero, now.duration(to: state.reserve(permits, at: now)))
        }
    }

    /// How long a caller that came now would wait; `nil` for more than the limit lets pass at once.
    public func retryAfter(_ permits: Int = 1) -> Duration? {
        permits > limit.burst ? nil : queue.wait(permits)
    }

    /// Puts another limit in force, for those who wait too. What has been used stays used; callers that wait for more
    /// than the new limit lets pass at once are turned away.
    public func update(to limit: RateLimit) throws(InvalidOptionsError) {
        try limit.validate()
        queue.update { state, now in state.change(to: limit, at: now) }
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
    func tryAdmit(_ context: ResilienceContext) -> Bool { queue.tryAdmit(at: context.now(on: clock)) != nil }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// Its queue obeys the context's deadline.
    public func prepare(_ site: inout StrategySite) { site.obeysDeadlines(of: clock) }

    @usableFromInline
    nonisolated(nonsending)
        func wait(_ permits: Int, _ context: ResilienceContext?) async throws
    {
        try Task.checkCancellation()
        var deadline = (context ?? .current)?.deadline(on: clock) ?? .distantFuture
        var start: TimerInstant?
        if options.maxWait != nil || options.telemetry.isActive {
            let now = clock.now
            start = now
            if let maxWait = options.maxWait { deadline = min(deadline, now.advanced(by: maxWait)) }
        }
        switch try await queue.admit(permits, before: deadline) {
        case .granted:
            guard options.telemetry.isActive, let start else { return }
            options.telemetry.emit(
                ResilienceEvent(
                    .rateLimiterWaited, .debug, strategy: options.name, context: context,
                    duration: start.duration(to: clock.now)))
        case .refused(let refusal):
            let error = RateLimiterRejectedError(refusal, options.name)
            if options.telemetry.isActive {
                options.telemetry.emit(
                    ResilienceEvent(
                        .rateLimiterRejected, .error, strategy: options.name, context: context,
                        delay: error.retryAfter, error: error))
            }
            throw error
        }
    }
}

extension RateLimiterRejectedError {
    init(_ refusal: Refusal, _ limiter: String?) {
        switch refusal {
        case .queueFull(let retryAfter): self.init(reason: .queueFull, retryAfter: retryAfter, limiter: limiter)
        case .tooLate(let retryAfter): self.init(reason: .tooLate, retryAfter: retryAfter, limiter: limiter)
        case .exceedsLimit: self.init(reason: .exceedsLimit, retryAfter: nil, limiter: limiter)
        }
    }
}
