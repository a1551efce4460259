/// One adaptive limit that several tenants share, each with a part of it that is its own.
///
/// ```swift
/// let limiter = try PartitionedAdaptiveLimiter(shares: ["interactive": 0.7, "batch": 0.1], options: AdaptiveLimiterOptions())
/// try await limiter.execute(for: "interactive") { try await query(sql) }
/// ```
///
/// A tenant below its share never waits, also when others use the whole limit: then the limit is exceeded until some of
/// them end. What is left of the limit goes to whoever asks. Tenants without a share have what is left only.
///
/// - Cancellation, ordering: as in ``AdaptiveLimiter``, per tenant; among tenants those who wait take turns.
/// - Allocates: nothing for who is let in at once. A permit that is given back looks at each tenant's queue.
public final class PartitionedAdaptiveLimiter<Key: Hashable & Sendable>: Sendable {
    /// What the limiter was made with.
    public let options: AdaptiveLimiterOptions
    private let permits: SharedPermits
    private let indexes: [Key: Int]
    /// One a tenant with a share, and the last for all others.
    private let queues: [LimiterQueue<PartitionPolicy>]
    private let clock: StrategyClock

    /// Creates a limiter.
    ///
    /// - Parameters:
    ///   - shares: Each tenant's part of the limit: above 0, together at most 1. A share is one permit at least.
    ///   - options: How the limit is found, and how callers of each tenant wait.
    public init(shares: [Key: Double], options: AdaptiveLimiterOptions) throws(InvalidOptionsError) {
        try options.validate()
        var check = OptionsCheck("PartitionedAdaptiveLimiter")
        for (key, share) in shares {
            check.require(share > 0 && share <= 1, "shares[\(key)]", share, "above 0 and at most 1")
        }
        let sum = shares.values.reduce(0, +)
        check.require(sum <= 1.000_000_1, "shares", sum, "at most 1 together")
        try check.finish()
        self.options = options
        let keys = Array(shares.keys)
        indexes = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        let clock = StrategyClock(options.waiting.clock)
        self.clock = clock
        let permits = SharedPermits(options, shares: keys.map { shares[$0] ?? 0 } + [0])
        self.permits = permits
        queues = (0...keys.count).map { index in
            LimiterQueue(
                PartitionPolicy(permits: permits, index: index), options.waiting, clock: clock,
                rejected: .adaptiveLimiterRejected)
        }
    }

    /// How many operations may run now, of all tenants.
    public var limit: Int { permits.limit }

    /// How many do, of all tenants.
    public var inUse: Int { permits.used }

    /// How many of a tenant's do; of a tenant without a share, of all without one.
    public func inUse(of key: Key) -> Int { permits.used(by: index(key)) }

    /// Who waits of a tenant's; of a tenant without a share, of all without one.
    public func statistics(of key: Key) -> WaitStatistics { queues[index(key)].admission.statistics }

    /// Runs `body` when a call of `key`'s may begin, and counts how it ends.
    ///
    /// - Throws: What `body` throws; ``ConcurrencyLimiterRejectedError``; `CancellationError`.
    nonisolated(nonsending)
        public func execute<T>(
            for key: Key, _ body: nonisolated(nonsending) () async throws -> T
        ) async throws -> T
    {
        try await PartitionStrategy(limiter: self) { _ in key }.execute { _ in try await body() }
    }

    /// A strategy that takes the tenant from the context: say, from a property.
    ///
    /// - Parameter key: The tenant; `nil` for none with a share.
    public func strategy(_ key: @escaping @Sendable (ResilienceContext) -> Key?) -> some ResilienceStrategy {
        PartitionStrategy(limiter: self, key: key)
    }

    private func index(_ key: Key?) -> Int { key.flatMap { indexes[$0] } ?? queues.count - 1 }

    nonisolated(nonsending)
        fileprivate func execute(_ key: Key?, _ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let index = index(key)
        let queue = queues[index]
        var granted = Task.isCancelled ? nil : queue.admission.tryAdmit()
        if granted == nil {
            granted = try await queue.wait(1, context) { ConcurrencyLimiterRejectedError($0, queue.options.name) }
        }
        let generation = granted ?? 0
        let start = clock.now
        do {
            try await body(context.with(reading: ResilienceContext.noReading))
        } catch {
            let isOverload = !Task.isCancelled && context.bound { options.isOverload(error) }
            leave(index, generation, nil, isOverload: isOverload)
            throw error
        }
        leave(index, generation, start, isOverload: false)
    }

    private func leave(_ index: Int, _ generation: Int, _ start: TimerInstant?, isOverload: Bool) {
        let now = clock.now
        let latency = start.map { now.nanoseconds &- $0.nanoseconds }
        let (turn, limit) = permits.leave(index, generation, latency, isOverload: isOverload, at: now)
        // Each in turn comes first for what is left of the limit; what is a tenant's own it gets whenever it is looked at.
        for offset in queues.indices {
            let queue = queues[(turn + offset) % queues.count].admission
            if queue.statistics.waiters > 0 { queue.update { _, _ in } }
        }
        let telemetry = options.waiting.telemetry
        if let limit, telemetry.isActive {
            telemetry.emit(
                ResilienceEvent(.adaptiveLimiterChanged, .debug, strategy: options.waiting.name, limit: limit))
        }
    }
}

private struct PartitionStrategy<Key: Hashable & Sendable>: ResilienceStrategy {
    let limiter: PartitionedAdaptiveLimiter<Key>
    let key: @Sendable (ResilienceContext) -> Key?

    nonisolated(nonsending)
        func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        try await limiter.execute(context.bound { key(context) }, context, body)
    }

    var _clock: (any TimerClock)? { limiter.options.waiting.clock }

    var _keepsReading: Bool { true }

    func prepare(_ site: inout StrategySite) {
        site.obeysDeadlines(of: StrategyClock(limiter.options.waiting.clock))
    }
}

/// One tenant's view of the permits. Its queue's lock is taken before that of the permits, never after it.
private struct PartitionPolicy: AdmissionPolicy {
    static var usesTime: Bool { false }

    let permits: SharedPermits
    let index: Int

    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
        permits.tryEnter(index).map { .granted($0) } ?? .notBefore(.distantFuture)
    }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant { .distantFuture }
}

private final class SharedPermits: Sendable {
    private struct State: Sendable {
        var permits: AdaptivePermits
        var used: [Int]
        var turn = 0
    }

    private let shares: [Double]
    private let state: Guarded<State>

    init(_ options: AdaptiveLimiterOptions, shares: [Double]) {
        self.shares = shares
        state = Guarded(
            State(permits: AdaptivePermits(options), used: Array(repeating: 0, count: shares.count)))
    }

    var limit: Int { state.withLock { $0.permits.limit } }

    var used: Int { state.withLock { $0.permits.used } }

    func used(by index: Int) -> Int { state.withLock { $0.used[index] } }

    func tryEnter(_ index: Int) -> AdmissionGrant? {
        let share = shares[index]
        return state.withLock { state in
            let limit = state.permits.limit
            let own = share > 0 ? max(1, Int(share * Double(limit))) : 0
            guard state.used[index] < own || state.permits.used < limit else { return nil }
            state.permits.take()
            state.used[index] += 1
            return state.permits.generation
        }
    }

    /// - Returns: Whose turn it is, and the limit if it is new.
    func leave(
        _ index: Int, _ generation: Int, _ latency: Int64?, isOverload: Bool, at now: TimerInstant
    ) -> (turn: Int, limit: Int?) {
        state.withLock { state in
            state.permits.leave(generation, latency: latency, isOverload: isOverload, at: now)
            state.used[index] -= 1
            state.turn = (state.turn + 1) % shares.count
            return (state.turn, state.permits.takeNews())
        }
    }
}
