import Synchronization

/// A rate limit per key (a host, a tenant, an address), in bounded memory.
///
/// Each key has a limiter of its own, made when the key is first seen. Beyond `maxKeys` keys, limiters that
/// nobody waits for and that are full again are forgotten, the longest unused first; those tell nothing a new one would
/// not. If there are too few of them, the longest unused that nobody waits for go, and what they had counted is lost.
///
/// - Cancellation, ordering: as in ``RateLimiter``, per key.
/// - Allocates: a limiter for a new key.
public final class PartitionedRateLimiter<Key: Hashable & Sendable>: Sendable {
    fileprivate struct Partition {
        let limiter: RateLimiter
        var lastUse: UInt64
    }

    fileprivate struct State {
        var partitions: [Key: Partition] = [:]
        var uses: UInt64 = 0
        /// With how many keys idle ones are looked for again: later than now if there were too few.
        var nextSearch = 0
    }

    /// How many keys are remembered at most, as long as not so many have waiters.
    public let maxKeys: Int
    private let makeLimiter: @Sendable (Key) -> RateLimiter
    private let state = Guarded(State())
    /// Held while a limiter is made, which is foreign code: those who ask for others do not wait for it. (`Mutex` stops the
    /// program if that code asks this object.)
    private let making = Mutex(())

    /// Creates a limiter; traps if `maxKeys` is invalid.
    ///
    /// - Parameters:
    ///   - maxKeys: How many keys are remembered: 1 or more.
    ///   - makeLimiter: Makes the limiter of a key. One is made at a time: it must not use this object.
    public convenience init(maxKeys: Int = 10_000, _ makeLimiter: @escaping @Sendable (Key) -> RateLimiter) {
        do { try self.init(validating: maxKeys, makeLimiter) } catch { trapOnInvalidOptions(error) }
    }

    /// Creates a limiter whose `maxKeys` comes from data.
    public init(
        validating maxKeys: Int, _ makeLimiter: @escaping @Sendable (Key) -> RateLimiter
    ) throws(InvalidOptionsError) {
        var check = OptionsCheck("PartitionedRateLimiter")
        check.require(maxKeys, "maxKeys", atLeast: 1)
        try check.finish()
        self.maxKeys = maxKeys
        self.makeLimiter = makeLimiter
    }

    /// The limiter of `key`. Do not keep it for long: once its key is forgotten, others get another.
    public subscript(key: Key) -> RateLimiter {
        if let limiter = state.withLock({ $0.use(key) }) { return limiter }
        return making.withLock { _ in
            if let limiter = state.withLock({ $0.use(key) }) { return limiter }
            let limiter = makeLimiter(key)
            state.withLock { state in
                if state.partitions.count >= max(maxKeys, state.nextSearch) { state.forgetSome() }
                state.partitions[key] = Partition(limiter: limiter, lastUse: state.uses)
            }
            return limiter
        }
    }

    /// How many keys are remembered.
    public var count: Int { state.withLock { $0.partitions.count } }

    /// Takes `permits` of `key`'s limit if they may pass now; see ``RateLimiter/tryAcquire(_:)``.
    public func tryAcquire(_ permits: Int = 1, for key: Key) -> Bool {
        self[key].tryAcquire(permits)
    }

    /// Waits for `permits` of `key`'s limit; see ``RateLimiter/acquire(_:)``.
    nonisolated(nonsending)
        public func acquire(_ permits: Int = 1, for key: Key) async throws
    {
        try await self[key].acquire(permits)
    }

    /// Forgets `key`. Who waits for its limiter goes on waiting for it.
    public func remove(_ key: Key) {
        _ = state.withLock { $0.partitions.removeValue(forKey: key) }
    }
}

extension PartitionedRateLimiter {
    /// A strategy that takes the key from the context: say, a tenant's name from a property.
    ///
    /// - Parameter key: The key; `nil` for calls that are not limited.
    public func strategy(_ key: @escaping @Sendable (ResilienceContext) -> Key?) -> some ResilienceStrategy {
        PartitionedRateLimit(limiter: self, key: key)
    }
}

private struct PartitionedRateLimit<Key: Hashable & Sendable>: ResilienceStrategy {
    let limiter: PartitionedRateLimiter<Key>
    let key: @Sendable (ResilienceContext) -> Key?

    nonisolated(nonsending)
        func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        guard let key = context.bound({ key(context) }) else { return try await body(context) }
        try await limiter[key].execute(context, body)
    }

    var _keepsReading: Bool { true }

    /// Its queues obey the context's deadline, whichever clocks they have.
    func prepare(_ site: inout StrategySite) {}
}

extension PartitionedRateLimiter.State {
    /// The limiter of `key`, which is in use from now on; `nil` if there is none.
    fileprivate mutating func use(_ key: Key) -> RateLimiter? {
        uses += 1
        guard let index = partitions.index(forKey: key) else { return nil }
        partitions.values[index].lastUse = uses
        return partitions.values[index].limiter
    }

    /// Forgets a tenth of the keys, so that the search for the longest unused is not made for every new key.
    fileprivate mutating func forgetSome() {
        let idle = partitions.filter { $0.value.limiter.statistics.waiters == 0 }
        let goal = max(1, partitions.count / 10)
        let byUse = idle.sorted { $0.value.lastUse < $1.value.lastUse }
        let full = byUse.filter { $0.value.limiter.available == $0.value.limiter.limit.burst }
        for entry in (full.count >= goal ? full : byUse).prefix(goal) {
            partitions.removeValue(forKey: entry.key)
        }
        nextSearch = idle.count >= goal ? 0 : partitions.count + goal
    }
}
