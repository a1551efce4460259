public import ConcertoResilience
public import ConcertoRuntime

/// A cache that loads what it does not have, once for all who ask.
///
/// ```swift
/// let users = LoadingCache<Int, User>("users", CacheOptions { $0.timeToLive = .seconds(300) }) { id in
///     try await database.user(id)
/// }
/// let user = try await users.value(for: 42)
/// ```
///
/// A load is nobody's child: it runs in a task of its own with a limit of its own, and is cancelled when the last
/// caller that waited for it has left, unless it refreshes a value or `keepsLoading` is set. Task-local values of the
/// caller that began it, such as a trace, reach it; deadlines, tokens and the request of that caller do not.
///
/// - Cancellation: a waiting caller leaves with `CancellationError`, and nobody else notices. A caller's deadline
///   (`ResilienceContext`) ends its wait with a `TimeoutError`.
/// - Where it runs: callers on their own executor; loads on the default executor; nothing runs under the cache's lock
///   but the hashing and comparing of keys.
/// - Ordering: callers that wait for one load are resumed in the order in which they came.
/// - Allocates: a hit nothing; a wait an object; a load a task.
public final class LoadingCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline let state: Guarded<CacheState<Key, Value>>
    @usableFromInline let clock: any TimerClock
    let options: CacheOptions
    private let load: @Sendable (Key) async throws -> Value
    private let weigh: (@Sendable (Key, Value) -> Int)?
    private let tags: (@Sendable (Key, Value) -> [String])?

    /// The cache's name.
    public let name: String

    /// Creates a cache from options that come from data.
    ///
    /// - Parameters:
    ///   - name: What errors and statistics call it.
    ///   - options: How it keeps its values.
    ///   - weigh: What a value weighs of the capacity; 1 by default. What is heavier than the capacity is not kept.
    ///   - tags: By which names besides its key a value can be invalidated.
    ///   - load: Loads a value. It is cancelled at `loadLimit`, and when nobody waits any more.
    /// - Throws: `InvalidOptionsError`, which names every field that cannot work.
    public init(
        _ name: String, validating options: CacheOptions, weigh: (@Sendable (Key, Value) -> Int)? = nil,
        tags: (@Sendable (Key, Value) -> [String])? = nil, load: @escaping @Sendable (Key) async throws -> Value
    ) throws(InvalidOptionsError) {
        try options.validate()
        self.name = name
        self.options = options
        self.weigh = weigh
        self.tags = tags
        self.load = load
        clock = options.clock
        state = Guarded(CacheState(options, name: name))
    }

    /// Creates a cache; traps if an option is invalid. See ``init(_:validating:weigh:tags:load:)``.
    public convenience init(
        _ name: String, _ options: CacheOptions = CacheOptions(), weigh: (@Sendable (Key, Value) -> Int)? = nil,
        tags: (@Sendable (Key, Value) -> [String])? = nil, load: @escaping @Sendable (Key) async throws -> Value
    ) {
        do {
            try self.init(name, validating: options, weigh: weigh, tags: tags, load: load)
        } catch {
            fatalError("\(error)\nWhere the values come from data, use the initializer that throws.")
        }
    }

    /// The value of `key`, loaded if it is not there.
    ///
    /// - Throws: What loading threw, to everybody who waited for it; `TimeoutError` when loading took too long or the
    ///   caller's deadline came; ``RecursiveLoadError``; `CancellationError`.
    @inlinable
    nonisolated(nonsending)
        public func value(for key: Key) async throws -> Value
    {
        let now = clock.now
        if let value = state.withLock({ $0.hit(key, at: now) }) { return value }
        return try await cached(key).value
    }

    /// As ``value(for:)``, with what is known about the value.
    nonisolated(nonsending)
        public func cached(_ key: Key) async throws -> CachedValue<Value>
    {
        let now = clock.now
        switch state.withLock({ $0.decide(key, at: now) }) {
        case .give(let cached): return cached
        case .fail(let error): throw error
        case .refresh(let cached, let flight):
            start(flight)
            return cached
        case .wait(let flight, let begins, let fallback):
            return try await wait(for: flight, begins: begins, fallback: fallback)
        }
    }

    /// The value of `key` if it is there and fresh; nothing is loaded.
    @inlinable
    public func peek(_ key: Key) -> Value? {
        let now = clock.now
        return state.withLock { $0.hit(key, at: now) }
    }

    /// Keeps `value` for `key`. What is being loaded for it will not overwrite it.
    public func set(_ key: Key, to value: Value) {
        let now = clock.now
        let (weight, tags) = (weigh?(key, value) ?? 1, tags?(key, value) ?? [])
        change { state in
            state.invalidate(key)
            state.store(key, value, weight: weight, tags: tags, at: now)
        }
    }

    /// Forgets the value of `key`. A load that is under way serves those who wait for it and is not kept.
    public func invalidate(_ key: Key) { change { $0.invalidate(key) } }

    /// Forgets the value of `key` if it is meant, and no load that has begun since.
    package func forget(_ key: Key, where isMeant: (Value) -> Bool) { change { $0.forget(key, where: isMeant) } }

    /// Forgets all values with `tag`, also those that are being loaded. Looks at every entry.
    public func invalidate(tag: String) { change { $0.invalidate(tag: tag) } }

    /// Forgets everything, as ``invalidate(_:)`` does.
    public func invalidateAll() { change { $0.invalidateAll() } }

    /// What the cache has done, and holds.
    public var statistics: CacheStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.entries = state.entries.count
            statistics.loading = state.byNumber.count
            return statistics
        }
    }
}

extension LoadingCache {
    /// Changes the state, and lets go of what was removed after the lock.
    private func change(_ body: (inout CacheState<Key, Value>) -> Void) {
        var released: [[Key: CacheState<Key, Value>.Entry]] = []
        state.withLock { state in
            body(&state)
            released = state.takeReleased()
        }
        withExtendedLifetime(released) {}
    }

    nonisolated(nonsending)
        private func wait(
            for flight: CacheFlight<Key, Value>, begins: Bool, fallback: Value?
        ) async throws -> CachedValue<Value>
    {
        if begins { start(flight) }
        defer { leave(flight) }
        let around = FlightNode.current
        guard flight.beginWait(of: around) else {
            // An old value ends the circle: what is loaded from it is as good as it can be.
            if let fallback {
                state.withLock { $0.statistics.staleHits += 1 }
                return CachedValue(value: fallback, isStale: true)
            }
            throw RecursiveLoadError(cache: name, key: "\(flight.key)")
        }
        defer { flight.endWait(of: around) }
        let remaining = ResilienceContext.current?.remaining
        let soft = fallback == nil ? nil : options.softLimit
        var limit = WaitLimit.none
        if let shortest = [remaining, soft].compactMap({ $0 }).min() {
            limit = WaitLimit(deadline: clock.now.advanced(by: shortest), clock: clock)
        }
        let waiter = Waiter(of: self, weight: flight.number)
        let outcome = await waiter.wait(limit) {
            state.withLock { _ in
                if waiter.hasLeft { return false }
                // It has landed since: its result is there.
                if flight.result != nil { return waiter.settle(.granted) }
                return flight.waiters.append(waiter)
            }
        }
        switch outcome {
        case .granted:
            return try state.withLock { _ in flight.result }.unsafelyUnwrapped.get()
        case .timedOut:
            if let fallback {
                state.withLock { $0.statistics.staleHits += 1 }
                return CachedValue(value: fallback, isStale: true)
            }
            throw TimeoutError(limit: remaining ?? .zero, operation: "load \(flight.key) of \(name)")
        case .cancelled, .failed:
            throw CancellationError()
        }
    }

    /// Starts the load of a flight, outside the lock, once.
    private func start(_ flight: CacheFlight<Key, Value>) {
        let load = load
        let key = flight.key
        let errand = Errand<Value>("load \(key) of \(name)", limit: options.loadLimit) { [self] result in
            land(flight, result)
        }
        let isWanted = state.withLock { state in
            guard state.byNumber[flight.number] != nil else { return false }
            state.errands[flight.number] = errand
            return true
        }
        guard isWanted else { return }
        errand.start(on: clock, inheriting: true) {
            try await FlightNode.$current.withValue(flight) {
                try await ResilienceContext.$current.withValue(nil) { try await load(key) }
            }
        }
    }

    private func land(_ flight: CacheFlight<Key, Value>, _ result: Result<Value, any Error>) {
        var weight = 1
        var tags: [String] = []
        if case .success(let value) = result {
            weight = weigh?(flight.key, value) ?? 1
            tags = self.tags?(flight.key, value) ?? []
        }
        let now = clock.now
        var wakes = WakeList()
        change { $0.land(flight, result, weight: weight, tags: tags, at: now, into: &wakes) }
        flight.end()
        wakes.resume()
    }

    /// Counts out one of those who wanted the result, and ends a load that nobody wants any more.
    private func leave(_ flight: CacheFlight<Key, Value>) {
        guard let errand = state.withLock({ $0.leave(flight) }) else { return }
        // By now nobody can join it.
        flight.end()
        errand.abandon()
    }
}

extension LoadingCache: WaiterHost {
    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        state.withLock { state in
            var wakes = WakeList()
            guard let flight = state.byNumber[waiter.weight] else {
                // It has not been queued, or its flight has landed: there is no queue left to take it from.
                var none = WaiterQueue()
                if waiter.phase == .created { _ = none.withdraw(waiter, as: outcome, into: &wakes) }
                return wakes
            }
            _ = flight.waiters.withdraw(waiter, as: outcome, into: &wakes)
            return wakes
        }
    }
}
