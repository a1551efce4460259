import Concerto
import ConcertoResilience
import ConcertoRuntime

/// A pool without the type of its resources: the lock, the waits, and what is done outside the lock.
@usableFromInline
final class PoolCore: WaiterHost {
    /// A lease as the core knows it.
    @usableFromInline
    struct Grant {
        @usableFromInline let index: Int
        @usableFromInline let ticket: UInt64
        @usableFromInline let resource: any PooledObject
    }

    /// The user's functions.
    struct Functions: Sendable {
        let open: @Sendable () async throws -> any PooledObject
        let validate: (@Sendable (any PooledObject) async throws -> Bool)?
        let close: @Sendable (any PooledObject) async -> Void
    }

    @usableFromInline let name: String
    let options: PoolOptions
    let clock: any TimerClock
    private let functions: Functions
    private let state: Guarded<PoolState>

    init(_ name: String, _ options: PoolOptions, _ functions: Functions) {
        self.name = name
        var options = options
        // Nothing has to be validated where nobody has said how.
        if functions.validate == nil { options.validateAfter = .seconds(100 * 365 * 86_400) }
        self.options = options
        self.functions = functions
        clock = options.clock
        state = Guarded(PoolState(options, name: name))
    }

    deinit {
        // Nobody waits or holds a lease: they keep the core.
        let work = state.withLastReference { state -> PoolWork in
            var work = PoolWork()
            _ = state.shutDown(at: TimerInstant(nanoseconds: 0), &work)
            return work
        }
        work.upkeep?.cancelStale()
        work.retry?.cancelStale()
        for visit in work.closings { Self.close(visit.resource, functions, options) {} }
    }

    // MARK: Leasing

    @usableFromInline
    func tryTake(_ site: PoolSite, _ holder: UInt) -> Grant? {
        let now = clock.now
        let taken = state.withLock { state -> (Grant, PendingTimer.Change?)? in
            guard let index = state.take(at: now, site, holder) else { return nil }
            guard let resource = state.slots[index].resource else { return nil }
            let grant = Grant(index: index, ticket: state.slots[index].ticket, resource: resource)
            return (grant, state.watchLease(at: now))
        }
        guard let (grant, change) = taken else { return nil }
        if let change { setUpkeep(change) }
        return grant
    }

    @usableFromInline
    nonisolated(nonsending)
        func wait(_ limit: Duration?, _ site: PoolSite, _ holder: UInt) async throws -> Grant
    {
        try Task.checkCancellation()
        if let limit, limit < .zero { throw ArgumentError("wait", limit, "it must not be negative") }
        let budget = [limit ?? options.waitLimit, ResilienceContext.current?.remaining].compactMap { $0 }.min()
        let waiter = Waiter(of: self, weight: PoolState.leaseWeight)
        let waitLimit =
            budget.map { WaitLimit(deadline: clock.now.advanced(by: $0), clock: clock) } ?? WaitLimit.none
        let outcome = await waiter.wait(waitLimit) {
            perform { state, now, work in state.admit(waiter, at: now, site, holder, &work) }
        }
        switch outcome {
        case .granted: break
        case .cancelled: throw CancellationError()
        case .timedOut: throw timeout(after: budget ?? .zero)
        case .failed: throw waiter.error ?? ClosedError("ResourcePool \"\(name)\"")
        }
        let index = waiter.weight
        let begun = state.withLock { state -> (Grant, PendingTimer.Change?)? in
            state.begin(index, site, holder).map {
                (Grant(index: index, ticket: $0.ticket, resource: $0.resource), state.watchLease(at: clock.now))
            }
        }
        guard let (grant, change) = begun else { throw ClosedError("ResourcePool \"\(name)\"") }
        if let change { setUpkeep(change) }
        return grant
    }

    @usableFromInline
    func giveBack(_ index: Int, _ ticket: UInt64, isBroken: Bool) {
        let now = clock.now
        var work = PoolWork()
        let isDone = state.withLock { $0.giveBack(index, ticket, isBroken: isBroken, at: now, &work) }
        if !isDone { finish(work) }
    }

    private func timeout(after limit: Duration) -> PoolTimeoutError {
        let now = clock.now
        return state.withLock { state in
            let held = state.longestHeld
            return PoolTimeoutError(
                pool: name, limit: limit, statistics: state.statistics, openError: state.openError,
                longestHeldAt: held?.site.map { "\($0)" }, longestHeld: held.map { $0.taken.duration(to: now) })
        }
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        state.withLock { state in
            var wakes = WakeList()
            // Whoever leaves kept nobody back: openings that were begun for it go on and join the pool.
            state.withdraw(waiter, as: outcome, into: &wakes)
            return wakes
        }
    }

    // MARK: Outside the lock

    /// Changes the state, and does what follows from that.
    @discardableResult
    func perform<Result>(_ change: (inout PoolState, TimerInstant, inout PoolWork) -> Result) -> Result {
        let now = clock.now
        var work = PoolWork()
        // The result and the change stay in this call; the lock's signature cannot say so.
        nonisolated(unsafe) let change = change
        nonisolated(unsafe) var result: Result?
        state.withLock { result = change(&$0, now, &work) }
        finish(work)
        return result.unsafelyUnwrapped
    }

    private func finish(_ work: PoolWork) {
        if let change = work.retry { setRetry(change) }
        if let change = work.upkeep { setUpkeep(change) }
        work.wakes.resume()
        for visit in work.closings {
            Self.close(visit.resource, functions, options) { [self] in
                perform { state, now, work in state.closed(visit, at: now, &work) }
            }
        }
        for visit in work.validations { validate(visit) }
        for opening in work.openings { open(opening) }
    }

    private func open(_ opening: PoolOpening) {
        let functions = functions
        let options = options
        let errand = Errand<any PooledObject>("open \(name)", limit: options.openLimit) { resource in
            // Too late for this pool, which has counted it out.
            Self.close(resource, functions, options) {}
        } finish: { [self] result in
            perform { state, now, work in
                switch result {
                case .success(let resource): state.opened(opening, resource, at: now, &work)
                case .failure(let error): state.openingFailed(opening, error, at: now, &work)
                }
            }
        }
        errand.start(on: clock) { try await functions.open() }
        let isClosed = state.withLock { state in
            guard state.openings[opening.number] != nil else { return false }
            state.openings[opening.number] = .some(errand)
            return state.closedError != nil
        }
        if isClosed { errand.cancel() }
    }

    private func validate(_ visit: PoolVisit) {
        guard let validate = functions.validate else { return }
        let errand = Errand<Bool>("validate \(name)", limit: options.validationLimit) { [self] result in
            let isValid = (try? result.get()) ?? false
            perform { state, now, work in state.validated(visit, isValid, at: now, &work) }
        }
        errand.start(on: clock) { try await validate(visit.resource) }
    }

    /// Closes a resource in a task of its own; `done` comes also if that takes too long.
    private static func close(
        _ resource: any PooledObject, _ functions: Functions, _ options: PoolOptions,
        done: @escaping @Sendable () -> Void
    ) {
        Errand<Void>("close a pooled resource", limit: options.closeLimit) { _ in done() }
            .start(on: options.clock) { await functions.close(resource) }
    }

    private func setUpkeep(_ change: PendingTimer.Change) {
        clock.perform(change) { [weak self] request in
            guard let self else { return }
            let leaks = perform { state, now, work in
                state.upkeep.fire(request) ? state.tidy(at: now, &work) : []
            }
            for leak in leaks { options.onLeak(leak) }
        } keep: { timer, request in
            state.withLock { $0.upkeep.keep(timer, for: request) }
        }
    }

    private func setRetry(_ change: PendingTimer.Change) {
        clock.perform(change) { [weak self] request in
            self?.perform { state, now, work in
                if state.retry.fire(request) { state.serve(at: now, &work) }
            }
        } keep: { timer, request in
            state.withLock { $0.retry.keep(timer, for: request) }
        }
    }

    // MARK: Its life

    /// Waits until as many resources are open as are to be kept.
    nonisolated(nonsending)
        func warmUp(_ limit: Duration) async throws
    {
        let waiter = Waiter(of: self, weight: PoolState.readyWeight)
        let outcome = await waiter.wait(WaitLimit(deadline: clock.now.advanced(by: limit), clock: clock)) {
            perform { state, now, work in state.watch(waiter, at: now, &work) }
        }
        switch outcome {
        case .granted:
            if let closed = state.withLock({ $0.closedError }) { throw closed }
        case .cancelled: throw CancellationError()
        default: throw state.withLock { $0.openError } ?? timeout(after: limit)
        }
    }

    nonisolated(nonsending)
        func shutDown(_ limit: Duration) async
    {
        for errand in perform({ state, now, work in state.shutDown(at: now, &work) }) { errand.cancel() }
        let waiter = Waiter(of: self, weight: PoolState.emptyWeight)
        let outcome = await waiter.wait(WaitLimit(deadline: clock.now.advanced(by: limit), clock: clock)) {
            perform { state, now, work in state.watch(waiter, at: now, &work) }
        }
        guard outcome != .granted else { return }
        perform { state, now, work in state.closeUnderLeases(at: now, &work) }
        let last = Waiter(of: self, weight: PoolState.emptyWeight)
        // Each opening and closing has its limit.
        await last.waitUninterruptibly {
            perform { state, now, work in state.watch(last, at: now, &work) }
        }
    }

    var statistics: PoolStatistics { state.withLock { $0.statistics } }
}
