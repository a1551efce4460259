/// Lets only so many operations run at the same time (a bulkhead); others wait their turn or are turned away.
///
/// ```swift
/// let limiter = ConcurrencyLimiter(permits: 8, queueLimit: 100)
/// let rows = try await limiter.withPermit { try await query(sql) }
/// ```
///
/// Beside `AsyncSemaphore` it has a bound for its queue, sheds load, and its limit can be changed while it is in use.
///
/// - Cancellation: a waiting caller leaves the queue with `CancellationError` and has taken nothing; one that was let
///   in at the same moment goes on.
/// - Where it runs: callers resume on their own executor; nothing runs inside ``release(_:)``.
/// - Ordering: strict first in, first out; newest first by choice.
/// - Allocates: nothing for who is let in at once, an object for who waits.
public final class ConcurrencyLimiter: ResilienceStrategy {
    /// How a limiter behaves.
    public struct Options: Sendable {
        /// How many operations may run: 1 or more.
        public var permits: Int
        /// How many permits may be waited for: 0 or more, 0 to turn away at once. Default: no limit.
        public var queueLimit = Int.max
        /// Who is served first.
        public var order = QueueOrder.oldestFirst
        /// How long a caller waits at most: zero or longer; default no limit.
        public var maxWait: Duration?
        /// The limiter's name, for telemetry and messages.
        public var name: String?
        /// What waits are measured with.
        public var clock: any TimerClock = MonotonicClock()
        /// Where rejections are reported.
        public var telemetry = ResilienceTelemetry.shared

        /// The defaults for `permits`.
        public init(permits: Int) {
            self.permits = permits
        }

        /// Names every field that cannot work.
        public func validate() throws(InvalidOptionsError) {
            var check = OptionsCheck("ConcurrencyLimiter")
            check.require(permits, "permits", atLeast: 1)
            check.require(queueLimit, "queueLimit", atLeast: 0)
            if let maxWait { check.requireNotNegative(maxWait, "maxWait") }
            try check.finish()
        }
    }

    private let options: Options
    private let clock: StrategyClock
    private let queue: AdmissionQueue<PermitCount>

    /// Creates a limiter from options that come from data.
    public init(options: Options) throws(InvalidOptionsError) {
        try options.validate()
        self.options = options
        clock = StrategyClock(options.clock)
        queue = AdmissionQueue(
            PermitCount(options.permits), clock: clock, queueLimit: options.queueLimit, order: options.order)
    }

    /// Creates a limiter; traps if a value is invalid. See ``Options`` for each parameter.
    public convenience init(
        permits: Int, queueLimit: Int = .max, order: QueueOrder = .oldestFirst, maxWait: Duration? = nil,
        name: String? = nil, clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared
    ) {
        var options = Options(permits: permits)
        options.queueLimit = queueLimit
        options.order = order
        options.maxWait = maxWait
        options.name = name
        options.clock = clock
        options.telemetry = telemetry
        do { try self.init(options: options) } catch { fatalError("\(error)") }
    }

    /// How many operations may run.
    public var permits: Int { queue.update { count, _ in count.limit } }

    /// How many permits are in use; for a while more than ``permits`` after it was lowered.
    public var inUse: Int { queue.update { count, _ in count.used } }

    /// Who waits.
    public var statistics: WaitStatistics { queue.statistics }

    /// Takes `permits` if they are free and nobody waits.
    ///
    /// - Returns: Whether they were taken.
    /// - Precondition: `permits >= 1`.
    public func tryAcquire(_ permits: Int = 1) -> Bool {
        precondition(permits >= 1, "ConcurrencyLimiter.tryAcquire needs 1 or more permits, not \(permits)")
        return queue.tryAdmit(permits) != nil
    }

    /// Waits for `permits` and takes them. Give them back with ``release(_:)``.
    ///
    /// - Throws: ``ConcurrencyLimiterRejectedError``; `CancellationError`. Nothing is taken then.
    /// - Precondition: `permits >= 1`.
    @inlinable
    nonisolated(nonsending)
        public func acquire(_ permits: Int = 1) async throws
    {
        guard !Task.isCancelled, tryAcquire(permits) else { return try await wait(permits, nil) }
    }

    /// Gives `permits` back, to who waits first.
    ///
    /// - Precondition: `permits >= 1`, and so many are in use.
    public func release(_ permits: Int = 1) {
        queue.update { count, _ in count.release(permits) }
    }

    /// Runs `body` with `permits` and gives them back however it ends.
    @inlinable
    nonisolated(nonsending)
        public func withPermit<T>(
            _ permits: Int = 1, _ body: nonisolated(nonsending) () async throws -> T
        ) async throws -> T
    {
        try await acquire(permits)
        defer { release(permits) }
        return try await body()
    }

    /// Puts another limit in force. Raised, it lets those who wait in at once; lowered, it takes effect as operations
    /// end, and turns away callers that wait for more.
    public func update(permits: Int) throws(InvalidOptionsError) {
        var check = OptionsCheck("ConcurrencyLimiter")
        check.require(permits, "permits", atLeast: 1)
        try check.finish()
        queue.update { count, _ in count.limit = permits }
    }

    /// Runs `body` with one permit.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        var context = context
        if Task.isCancelled || !tryAcquire() {
            try await wait(1, context)
            context.reading = ResilienceContext.noReading
        }
        defer { release() }
        try await body(context)
    }

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
        if let maxWait = options.maxWait { deadline = min(deadline, clock.now.advanced(by: maxWait)) }
        guard case .refused(let refusal) = try await queue.admit(permits, before: deadline) else { return }
        let reason: ConcurrencyLimiterRejectedError.Reason =
            switch refusal {
            case .queueFull: .queueFull
            case .tooLate: .tooLate
            case .exceedsLimit: .exceedsLimit
            }
        let error = ConcurrencyLimiterRejectedError(reason: reason, limiter: options.name)
        if options.telemetry.isActive {
            options.telemetry.emit(
                ResilienceEvent(
                    .concurrencyLimiterRejected, .error, strategy: options.name, context: context, error: error))
        }
        throw error
    }
}
