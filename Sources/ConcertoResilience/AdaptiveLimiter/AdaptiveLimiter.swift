/// Lets as many operations run at the same time as the dependency, or the server itself, bears; finds out how many that are.
///
/// ```swift
/// let limiter = AdaptiveLimiter()
/// let rows = try await limiter.execute { try await query(sql) }
/// ```
///
/// Latencies are gathered in windows. The gradient compares them with the latency without load and lowers the limit when
/// calls begin to queue at the dependency, before they fail; AIMD waits for overload. The limit grows only while it is
/// used. Now and then the gradient probes: for a moment it lets fewer calls through and measures the latency without load
/// anew. ``PartitionedAdaptiveLimiter`` shares one limit among tenants.
///
/// - Cancellation: a waiting caller leaves the queue with `CancellationError` and has taken nothing. A cancelled call
///   says nothing about the dependency.
/// - Where it runs: callers on their own executor. No timer.
/// - Ordering: as in ``ConcurrencyLimiter``.
/// - Allocates: nothing for who is let in at once, an object for who waits.
public final class AdaptiveLimiter: ResilienceStrategy {
    /// How a call has ended, for those who count it themselves.
    public enum Ending: Sendable, Hashable {
        /// Its latency counts.
        case success
        /// There was too much load.
        case overload
        /// It says nothing.
        case ignored
    }

    /// A call that was let in; ``end(_:as:)`` must follow.
    public struct Permit: Sendable {
        let generation: Int
        let start: TimerInstant
    }

    /// What a limiter knows.
    public struct Snapshot: Sendable, Hashable, Codable {
        /// How many operations may run.
        public var limit: Int
        /// How many do.
        public var inUse: Int
        /// How many callers wait.
        public var waiting: Int
        /// The mean latency of the latest window.
        public var latency: Duration
        /// The latency without load, as far as it is known; zero for AIMD.
        public var baseline: Duration
        /// Whether the latency without load is being measured.
        public var isProbing: Bool
    }

    /// What the limiter was made with.
    public let options: AdaptiveLimiterOptions
    private let queue: LimiterQueue<AdaptivePermits>

    /// Creates a limiter from options that come from data.
    public init(options: AdaptiveLimiterOptions) throws(InvalidOptionsError) {
        try options.validate()
        self.options = options
        let waiting = options.waiting
        queue = LimiterQueue(
            AdaptivePermits(options), waiting, clock: StrategyClock(waiting.clock),
            rejected: .adaptiveLimiterRejected
        ) { queue in
            guard let limit = queue.take({ $0.takeNews() }), waiting.telemetry.isActive else { return }
            waiting.telemetry.emit(
                ResilienceEvent(.adaptiveLimiterChanged, .debug, strategy: waiting.name, limit: limit))
        }
    }

    /// Creates a limiter; traps if a value is invalid. See ``AdaptiveLimiterOptions`` for each parameter.
    public convenience init(
        _ algorithm: AdaptiveLimiterOptions.Algorithm = .gradient(), initial: Int = 20, minimum: Int = 1,
        maximum: Int = 200, queueLimit: Int = .max, maxWait: Duration? = nil, name: String? = nil,
        clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared
    ) {
        var options = AdaptiveLimiterOptions()
        options.algorithm = algorithm
        options.initial = initial
        options.minimum = minimum
        options.maximum = maximum
        options.waiting = LimiterOptions(queueLimit, .oldestFirst, maxWait, name, clock, telemetry)
        do { try self.init(options: options) } catch { trapOnInvalidOptions(error) }
    }

    /// How many operations may run now.
    public var limit: Int { queue.admission.read { $0.limit } }

    /// How many do; for a while more than ``limit`` after that has gone down.
    public var inUse: Int { queue.admission.read { $0.used } }

    /// Who waits.
    public var statistics: WaitStatistics { queue.admission.statistics }

    /// What the limiter knows.
    public var snapshot: Snapshot {
        let waiting = queue.admission.statistics.waiters
        return queue.admission.read { permits in
            Snapshot(
                limit: permits.limit, inUse: permits.used, waiting: waiting,
                latency: .nanoseconds(Int64(permits.latency)), baseline: .nanoseconds(Int64(permits.baseline)),
                isProbing: permits.isProbing)
        }
    }

    // MARK: In steps

    /// Lets a call in if that is possible now and nobody waits.
    public func tryBegin() -> Permit? {
        queue.admission.tryAdmit().map { Permit(generation: $0, start: queue.clock.now) }
    }

    /// Waits, in turn, until a call may begin.
    ///
    /// - Throws: ``ConcurrencyLimiterRejectedError``; `CancellationError`. Nothing is taken then.
    nonisolated(nonsending)
        public func begin() async throws -> Permit
    {
        if !Task.isCancelled, let permit = tryBegin() { return permit }
        return try await wait(nil)
    }

    /// Ends a call that was let in, once.
    public func end(_ permit: Permit, as ending: Ending) {
        leave(permit.generation, permit.start, ending)
    }

    // MARK: As a strategy

    /// Runs `body` when it may begin, and counts how it ends.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let permit = tryEnter(context)
        guard permit.isAdmitted else { return try await executeWhenAdmitted(context, body) }
        do {
            try await body(context)
        } catch {
            failed(permit, error, context)
            throw error
        }
        succeeded(permit)
    }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// What it measures with.
    public var _clock: (any TimerClock)? { options.waiting.clock }

    /// Its queue obeys the context's deadline.
    public func prepare(_ site: inout StrategySite) { site.obeysDeadlines(of: queue.clock) }

    /// Takes its isolation as a parameter: see ``ChaosCore/execute(_:_:isolation:)``.
    @usableFromInline
    func executeWhenAdmitted(
        _ context: ResilienceContext, _ body: ResilienceBody, isolation: isolated (any Actor)? = #isolation
    ) async throws {
        let permit = try await wait(context)
        do {
            try await body(context.with(reading: ResilienceContext.noReading))
        } catch {
            failed(permit, error, context)
            throw error
        }
        succeeded(permit)
    }

    @usableFromInline
    func tryEnter(_ context: ResilienceContext) -> Permit {
        guard !Task.isCancelled, let generation = queue.admission.tryAdmit() else {
            return Permit(generation: -1, start: TimerInstant(nanoseconds: 0))
        }
        return Permit(generation: generation, start: context.now(on: queue.clock))
    }

    @usableFromInline
    func succeeded(_ permit: Permit) { leave(permit.generation, permit.start, .success) }

    @usableFromInline
    func failed(_ permit: Permit, _ error: any Error, _ context: ResilienceContext) {
        let isOverload = !Task.isCancelled && context.bound { options.isOverload(error) }
        leave(permit.generation, permit.start, isOverload ? .overload : .ignored)
    }

    nonisolated(nonsending)
        private func wait(_ context: ResilienceContext?) async throws -> Permit
    {
        let generation = try await queue.wait(1, context) { ConcurrencyLimiterRejectedError($0, queue.options.name) }
        return Permit(generation: generation, start: queue.clock.now)
    }

    private func leave(_ generation: Int, _ start: TimerInstant, _ ending: Ending) {
        let now = queue.clock.now
        let latency = ending == .success ? now.nanoseconds &- start.nanoseconds : nil
        queue.admission.update { permits, _ in
            permits.leave(generation, latency: latency, isOverload: ending == .overload, at: now)
        }
    }
}

extension AdaptiveLimiter.Permit {
    @usableFromInline var isAdmitted: Bool { generation >= 0 }
}
