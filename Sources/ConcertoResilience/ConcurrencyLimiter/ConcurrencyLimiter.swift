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
    private let queue: LimiterQueue<PermitCount>

    /// Creates a limiter from permits and options that come from data.
    ///
    /// - Parameters:
    ///   - permits: How many operations may run: 1 or more.
    ///   - options: How callers wait.
    /// - Throws: `InvalidOptionsError`, which names every field that cannot work.
    public init(permits: Int, options: LimiterOptions) throws(InvalidOptionsError) {
        var check = OptionsCheck("ConcurrencyLimiter")
        check.require(permits, "permits", atLeast: 1)
        check.require(options)
        try check.finish()
        queue = LimiterQueue(
            PermitCount(permits), options, clock: StrategyClock(options.clock), rejected: .concurrencyLimiterRejected)
    }

    /// Creates a limiter; traps if a value is invalid. See ``LimiterOptions`` for each parameter.
    public convenience init(
        permits: Int, queueLimit: Int = .max, order: QueueOrder = .oldestFirst, maxWait: Duration? = nil,
        name: String? = nil, clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared
    ) {
        let options = LimiterOptions(queueLimit, order, maxWait, name, clock, telemetry)
        do { try self.init(permits: permits, options: options) } catch { trapOnInvalidOptions(error) }
    }

    /// How many operations may run.
    public var permits: Int { queue.admission.update { count, _ in count.limit } }

    /// How many permits are in use; for a while more than ``permits`` after it was lowered.
    public var inUse: Int { queue.admission.update { count, _ in count.used } }

    /// Who waits.
    public var statistics: WaitStatistics { queue.admission.statistics }

    /// Takes `permits` if they are free and nobody waits.
    ///
    /// - Parameter permits: 1 or more.
    /// - Returns: Whether they were taken; always `false` for less than 1 and for more than there are.
    public func tryAcquire(_ permits: Int = 1) -> Bool {
        permits >= 1 && queue.admission.tryAdmit(permits) != nil
    }

    /// Waits for `permits` and takes them. Give them back with ``release(_:)``.
    ///
    /// - Parameter permits: 1 or more.
    /// - Throws: ``ConcurrencyLimiterRejectedError``; `ArgumentError` for less than 1 permit; `CancellationError`. Nothing
    ///   is taken then.
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
        queue.admission.update { count, _ in count.release(permits) }
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
        queue.admission.update { count, _ in count.limit = permits }
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

    /// What it measures with.
    public var _clock: (any TimerClock)? { queue.options.clock }

    /// Its queue obeys the context's deadline.
    public func prepare(_ site: inout StrategySite) { site.obeysDeadlines(of: queue.clock) }

    @usableFromInline
    nonisolated(nonsending)
        func wait(_ permits: Int, _ context: ResilienceContext?) async throws
    {
        try await queue.wait(permits, context) { ConcurrencyLimiterRejectedError($0, queue.options.name) }
    }
}
