/// What a pipeline of a ``ResilienceRegistry`` keeps when it is made anew from changed options: breakers with their state,
/// budgets with what is in them, limiters with what has been used and who waits.
///
/// ```swift
/// let upstreams = ResilienceRegistry<String> { host, parts in
///     let options = settings.current(for: host)
///     return try ResiliencePipeline(host) {
///         Retry(budget: try parts.retryBudget(options.budget))
///         try parts.circuitBreaker(options.breaker)
///         try parts.rateLimiter(options.limit)
///     }
/// }
/// ```
///
/// A part that is asked for again under the same name goes on under the new options. They are put in force when the whole
/// pipeline has been made; if that fails, nothing has changed.
public final class ResilienceParts: Sendable {
    private struct State {
        var kept: [String: any Sendable] = [:]
        var isNew = Set<String>()
        var changes: [@Sendable () -> Void] = []
    }

    private let state = Guarded(State())

    init() {}

    /// A circuit breaker that keeps its state; see ``CircuitBreaker/init(options:continuing:)``.
    public func circuitBreaker(
        _ options: CircuitBreakerOptions, name: String = ""
    ) throws(InvalidOptionsError) -> CircuitBreaker {
        guard let present: CircuitCore = part("breaker." + name) else {
            let made = try CircuitBreaker(options: options)
            set("breaker." + name, made.core)
            return made
        }
        let next = try CircuitBreaker(options, of: present)
        change {
            present.update(to: options)
            next.joinControl()
        }
        return next
    }

    /// A retry budget that keeps what is in it; see ``RetryBudget/update(to:)``.
    public func retryBudget(
        _ options: RetryBudget.Options = .init(), name: String = "", clock: any TimerClock = MonotonicClock()
    ) throws(InvalidOptionsError) -> RetryBudget {
        try options.validate()
        guard let present: RetryBudget = part("budget." + name) else {
            let made = try RetryBudget(options: options, clock: clock)
            set("budget." + name, made)
            return made
        }
        change { try? present.update(to: options) }  // has been validated
        return present
    }

    /// A rate limiter that keeps what has been used; see ``RateLimiter/update(to:)``.
    ///
    /// - Parameters:
    ///   - limit: The limit from now on.
    ///   - options: How callers wait; as they were when it was made.
    ///   - name: Tells it from others of the same pipeline.
    public func rateLimiter(
        _ limit: RateLimit, options: LimiterOptions = .init(), name: String = ""
    ) throws(InvalidOptionsError) -> RateLimiter {
        try limit.validate()
        guard let present: RateLimiter = part("rate." + name) else {
            let made = try RateLimiter(limit, options: options)
            set("rate." + name, made)
            return made
        }
        change { try? present.update(to: limit) }
        return present
    }

    /// A concurrency limiter that keeps who runs and waits; see ``ConcurrencyLimiter/update(permits:)``.
    ///
    /// - Parameters:
    ///   - permits: The limit from now on.
    ///   - options: How callers wait; as they were when it was made.
    ///   - name: Tells it from others of the same pipeline.
    public func concurrencyLimiter(
        permits: Int, options: LimiterOptions = .init(), name: String = ""
    ) throws(InvalidOptionsError) -> ConcurrencyLimiter {
        var check = OptionsCheck("ConcurrencyLimiter")
        check.require(permits, "permits", atLeast: 1)
        try check.finish()
        guard let present: ConcurrencyLimiter = part("concurrency." + name) else {
            let made = try ConcurrencyLimiter(permits: permits, options: options)
            set("concurrency." + name, made)
            return made
        }
        change { try? present.update(permits: permits) }
        return present
    }

    /// Anything else that is to stay the same object.
    public func keep<Part: Sendable>(_ name: String, _ make: () throws -> Part) rethrows -> Part {
        if let present: Part = part("own." + name) { return present }
        let made = try make()
        set("own." + name, made)
        return made
    }

    // MARK: For the registry

    /// Puts the options in force that have been asked for.
    func commit() {
        let changes = state.withLock { state in
            state.isNew = []
            defer { state.changes = [] }
            return state.changes
        }
        for change in changes { change() }
    }

    /// Forgets what has been asked for: no pipeline came of it.
    func rollBack() {
        state.withLock { state in
            for name in state.isNew { state.kept.removeValue(forKey: name) }
            state.isNew = []
            state.changes = []
        }
    }

    private func part<Part: Sendable>(_ name: String) -> Part? { state.withLock { $0.kept[name] } as? Part }

    private func set(_ name: String, _ part: any Sendable) {
        state.withLock { state in
            state.kept[name] = part
            state.isNew.insert(name)
        }
    }

    private func change(_ change: @escaping @Sendable () -> Void) {
        state.withLock { $0.changes.append(change) }
    }
}
