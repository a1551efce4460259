public import ConcertoRuntime
public import Synchronization

/// A counter of permits that tasks take and give back: at most so many at a time.
///
/// ```swift
/// let database = AsyncSemaphore(permits: 8)
/// let rows = try await database.withPermit { try await query(sql) }
/// ```
///
/// - Cancellation: a waiting task that is cancelled leaves the queue with `CancellationError` and takes nothing; one
///   that was granted at the same moment keeps its permits and goes on. A task or token that is cancelled already
///   takes nothing, even if permits are free.
/// - Where it runs: everything resumes on the caller's executor; nothing runs inside ``release(_:)``.
/// - Ordering: strict first in, first out. Nobody overtakes a waiter, a small request not even a large one.
/// - Allocates: nothing when permits are free, one object for a wait.
public final class AsyncSemaphore: WaiterHost, OwnedResource {
    struct State: ~Copyable {
        /// How many permits are free; only while `free` is ``queued``.
        var available = 0
        var waiters = WaiterQueue()
        /// What everybody gets from ``close()`` on.
        var closedError: ClosedError?

        var isClosed: Bool { closedError != nil }
    }

    /// How many permits are free, or ``queued``.
    ///
    /// Invariant: a count here means that nobody waits and that the semaphore is open, and then it is the only count there
    /// is; permits are taken and given back by compare-and-swap alone. Under the lock, and only there, it is exchanged for
    /// ``queued``, which sends everybody to the lock, and it comes back when the queue is empty. So whoever found too few
    /// permits and comes to queue either gets what was given back meanwhile from the exchange, or is in the queue before
    /// the next one who gives back gets the lock.
    @usableFromInline let free: Atomic<Int>
    /// The count is behind the lock.
    private static var queued: Int { .min }
    private let state = Guarded(State())
    /// How many permits there are in all, as far as anybody knows: what was free at the start.
    private let initialPermits: Int
    /// What it is called in diagnostics.
    let label: WaitGraph.Label
    /// The count that ``release(_:)`` cannot exceed.
    public let maxPermits: Int
    /// How many permits somebody may wait for: as many as there were free at a time, as far as nobody has said how many
    /// there may be.
    @usableFromInline let most: Atomic<Int>

    /// Creates a semaphore.
    ///
    /// - Parameters:
    ///   - permits: How many permits are free at the start.
    ///   - maxPermits: How many there may ever be: giving back more throws ``SemaphoreFullError``, waiting for more
    ///     ``ArgumentError``. Without it any number may be given back, and waiting for more than there ever were throws,
    ///     but on a counter of signals, which begins with none.
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Precondition: `0 <= permits <= maxPermits` and `maxPermits > 0`.
    public convenience init(
        permits: Int, maxPermits: Int? = nil, name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line
    ) {
        let site = WaitGraph.Site(fileID: fileID, line: line)
        self.init(
            permits: permits, maxPermits: maxPermits,
            label: WaitGraph.Label(kind: "AsyncSemaphore", name: name, site: site))
    }

    init(permits: Int, maxPermits limit: Int?, label: WaitGraph.Label) {
        let maxPermits = limit ?? .max
        demand(permits >= 0, "AsyncSemaphore needs permits >= 0, not \(permits)")
        demand(maxPermits > 0, "AsyncSemaphore needs maxPermits > 0, not \(maxPermits)")
        demand(permits <= maxPermits, "AsyncSemaphore cannot start with \(permits) of at most \(maxPermits)")
        self.maxPermits = maxPermits
        self.label = label
        initialPermits = permits
        free = Atomic(permits)
        most = Atomic(limit ?? (permits > 0 ? permits : .max))
    }

    /// How many permits are free.
    public var availablePermits: Int {
        let count = free.load(ordering: .relaxed)
        return count >= 0 ? count : withState { $0.available }
    }

    /// Who waits.
    public var statistics: WaitStatistics { state.withLock { $0.waiters.statistics } }

    /// Takes `count` permits if they are free and nobody waits.
    ///
    /// - Returns: Whether it took them; `false` too for a count that nobody can take: below 1, or more than there are.
    public func tryAcquire(_ count: Int = 1) -> Bool {
        guard count >= 1 else { return false }
        if takeFree(count) { return true }
        // Only a count behind the lock may be more than was seen.
        return free.load(ordering: .relaxed) < 0 && withState { $0.tryTake(count) }
    }

    /// Waits for `count` permits and takes them.
    ///
    /// - Parameters:
    ///   - count: How many, all at once.
    ///   - cancellation: Ends the wait, as the cancellation of the task does.
    ///   - fileID: Where it waits, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Throws: `CancellationError`; ``ClosedError`` if the semaphore is closed; ``ArgumentError``, and nobody waits, if
    ///   `count` is below 1 or more than there ever were or may be.
    @inlinable
    nonisolated(nonsending)
        public func acquire(
            _ count: Int = 1, cancellation: CancellationToken = .none, fileID: StaticString = #fileID,
            line: UInt = #line
        ) async throws
    {
        guard count >= 1, count <= most.load(ordering: .relaxed) else { throw refusal(of: count) }
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if takeFree(count) { return }
        try await acquireSlowly(count, cancellation, fileID, line)
    }

    /// Takes permits if the count says that there are enough.
    @inlinable
    func takeFree(_ count: Int) -> Bool {
        var present = free.load(ordering: .relaxed)
        while present >= count {
            let (exchanged, current) = free.weakCompareExchange(
                expected: present, desired: present &- count, successOrdering: .acquiring, failureOrdering: .relaxed)
            if exchanged { return true }
            present = current
        }
        return false
    }

    @usableFromInline
    nonisolated(nonsending)
        func acquireSlowly(
            _ count: Int, _ cancellation: CancellationToken, _ fileID: StaticString, _ line: UInt
        ) async throws
    {
        if WaitGraph.isActive || cancellation.canBeCancelled {
            _ = try await acquireSlowly(
                count, WaitLimit(cancellation: cancellation), WaitGraph.Site(fileID: fileID, line: line))
            return
        }
        let waiter = Waiter(of: self, weight: count, isHeld: true)
        let outcome = await waiter.waitInPlace { admit(waiter) }
        withExtendedLifetime(self) {}
        _ = try outcome.isGranted(waiter)
    }

    /// Waits for `count` permits, but no longer than `timeout`.
    ///
    /// - Parameters:
    ///   - count: How many, all at once.
    ///   - timeout: How long to wait at most; zero asks once and does not wait.
    ///   - clock: Measures `timeout`.
    ///   - cancellation: Ends the wait, as the cancellation of the task does.
    ///   - fileID: Where it waits, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Returns: Whether it took the permits; `false` after `timeout`.
    /// - Throws: `CancellationError`; ``ClosedError``; ``ArgumentError`` if `timeout` is negative, or as for
    ///   ``acquire(_:cancellation:fileID:line:)``.
    nonisolated(nonsending)
        public func acquire(
            _ count: Int = 1, timeout: Duration, clock: any TimerClock = MonotonicClock(),
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> Bool
    {
        guard count >= 1, count <= most.load(ordering: .relaxed) else { throw refusal(of: count) }
        if timeout < .zero { throw ArgumentError("timeout", timeout, "it must not be negative") }
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if tryAcquire(count) { return true }
        if timeout == .zero {
            if let closed = state.withLock({ $0.closedError }) { throw closed }
            return false
        }
        return try await acquireSlowly(
            count, .timeout(timeout, clock: clock, cancellation: cancellation),
            WaitGraph.Site(fileID: fileID, line: line))
    }

    /// Gives `count` permits back, and to the tasks that wait first.
    ///
    /// - Returns: How many permits were free before.
    /// - Throws: ``SemaphoreFullError``, and nothing changes, if there would be more than ``maxPermits``; ``ArgumentError``
    ///   if `count` is below 1.
    @discardableResult
    @inlinable
    public func release(_ count: Int = 1) throws -> Int {
        guard count >= 1 else { throw ArgumentError("count", count, "at least 1 permit can be given back") }
        var present = free.load(ordering: .relaxed)
        while present >= 0 {
            guard maxPermits - present >= count else { throw SemaphoreFullError(maxPermits: maxPermits) }
            // First: whoever sees the permits may ask for all of them.
            if present &+ count > most.load(ordering: .relaxed) { grow(to: present &+ count) }
            let (exchanged, current) = free.weakCompareExchange(
                expected: present, desired: present &+ count, successOrdering: .releasing, failureOrdering: .relaxed)
            if exchanged { return present }
            present = current
        }
        return try releaseSlowly(count)
    }

    @usableFromInline
    func releaseSlowly(_ count: Int) throws -> Int {
        var wakes = WakeList()
        let previous = withState { state -> Int? in
            guard maxPermits - state.available >= count else { return nil }
            let previous = state.available
            state.available += count
            if state.available > most.load(ordering: .relaxed) { grow(to: state.available) }
            state.grant(into: &wakes)
            return previous
        }
        guard let previous else { throw SemaphoreFullError(maxPermits: maxPermits) }
        wakes.resume()
        return previous
    }

    /// Runs `body` with `count` permits and gives them back however it ends.
    ///
    /// - Throws: `CancellationError`, ``ClosedError`` or ``ArgumentError`` (see ``acquire(_:cancellation:fileID:line:)``)
    ///   instead of running `body`; what `body` throws.
    @inlinable
    nonisolated(nonsending)
        public func withPermits<Success>(
            _ count: Int, cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await acquire(count, cancellation: cancellation, fileID: fileID, line: line)
        defer { giveBack(count) }
        if WaitGraph.isActive { return try await holding(count, fileID, line, body) }
        return try await body()
    }

    /// Runs `body` with one permit and gives it back however it ends.
    ///
    /// - Throws: `CancellationError` or ``ClosedError`` instead of running `body`; what `body` throws.
    @inlinable
    nonisolated(nonsending)
        public func withPermit<Success>(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await acquire(cancellation: cancellation, fileID: fileID, line: line)
        defer { giveBack(1) }
        if WaitGraph.isActive { return try await holding(1, fileID, line, body) }
        return try await body()
    }

    /// Ends every wait, now and later, with ``ClosedError``. Whoever holds permits may still give them back.
    public func close() {
        var wakes = WakeList()
        let closed = ClosedError("\(label.kind)")
        withState { state in
            state.closedError = closed
            state.waiters.failAll(with: closed, into: &wakes)
        }
        wakes.resume()
    }

    @inlinable
    func giveBack(_ count: Int) {
        do { try release(count) } catch { refuse(error) }
    }

    @usableFromInline
    func refuse(_ error: any Error) -> Never {
        fatalError("\(label): somebody gave back what a running scope holds: \(error)")
    }

    /// Runs `body` as the known owner of permits.
    @usableFromInline
    nonisolated(nonsending)
        func holding<Success>(
            _ count: Int, _ fileID: StaticString, _ line: UInt,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await Flow.holding(self, label, count: count, since: WaitGraph.Site(fileID: fileID, line: line), body)
    }

    nonisolated(nonsending)
        private func acquireSlowly(_ count: Int, _ limit: WaitLimit, _ site: WaitGraph.Site) async throws -> Bool
    {
        guard WaitGraph.isActive else { return try await sleep(count, limit) }
        let flow = Flow.current
        let wait = WaitGraph.Wait(
            resource: ObjectIdentifier(self), label: label, party: flow.owner, site: site,
            holdings: flow.holdings,
            isTimed: limit.deadline != nil, since: .now)
        // Where permits may be added, anybody may end the wait.
        let total = maxPermits == initialPermits ? initialPermits : nil
        let edge = try WaitGraph.beginWait(wait, total: total)
        defer { WaitGraph.endWait(edge, hasTotal: total != nil) }
        return try await sleep(count, limit)
    }

    nonisolated(nonsending)
        private func sleep(_ count: Int, _ limit: WaitLimit) async throws -> Bool
    {
        let waiter = Waiter(of: self, weight: count)
        return try await waiter.wait(limit) { admit(waiter) }.isGranted(waiter)
    }

    private func admit(_ waiter: Waiter) -> Bool { withState { $0.admit(waiter) } }

    /// Fetches the count behind the lock for `body`, and lets it out again if nobody waits.
    private func withState<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in
            // Under the lock nobody else writes `queued` or takes it away.
            if free.load(ordering: .relaxed) >= 0 {
                state.available = free.exchange(Self.queued, ordering: .acquiring)
            }
            let result = body(&state)
            if state.waiters.isEmpty && !state.isClosed { free.store(state.available, ordering: .releasing) }
            return result
        }
    }

    /// Where permits are added that nobody took.
    @usableFromInline
    func grow(to count: Int) {
        var present = most.load(ordering: .relaxed)
        while present < count {
            let (exchanged, current) = most.weakCompareExchange(
                expected: present, desired: count, ordering: .relaxed)
            if exchanged { return }
            present = current
        }
    }

    /// Why nobody may wait for `count` permits: first in line, that would hold up everybody for ever.
    @usableFromInline
    func refusal(of count: Int) -> ArgumentError {
        if count < 1 { return ArgumentError("count", count, "at least 1 permit can be taken") }
        let most = most.load(ordering: .relaxed)
        return ArgumentError(
            "count", count,
            maxPermits == .max
                ? "the \(label) never had more than \(most); give it maxPermits if permits are to be added"
                : "the \(label) has \(most) at most")
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        withState { state in
            guard state.waiters.withdraw(waiter, as: outcome, into: &wakes) else { return }
            // A large request may have kept back smaller ones behind it.
            state.grant(into: &wakes)
        }
        return wakes
    }
}

extension AsyncSemaphore.State {
    mutating func tryTake(_ count: Int) -> Bool {
        // No barging: while somebody waits, free permits are theirs.
        guard available >= count, waiters.isEmpty, !isClosed else { return false }
        available -= count
        return true
    }

    mutating func admit(_ waiter: Waiter) -> Bool {
        if waiter.hasLeft { return false }
        if let closedError {
            waiter.error = closedError
            return waiter.settle(.failed)
        }
        if tryTake(waiter.weight) { return waiter.settle(.granted) }
        return waiters.append(waiter)
    }

    mutating func grant(into wakes: inout WakeList) {
        while let weight = waiters.firstWeight, weight <= available {
            available -= weight
            _ = waiters.grantFirst(into: &wakes)
        }
    }
}
