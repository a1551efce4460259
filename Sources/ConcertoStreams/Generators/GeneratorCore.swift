public import Concerto
public import ConcertoRuntime

/// What the body of a generator and its iterator share.
///
/// `slot` and `failure` are handed over with the gate: the body writes before it stops, the iterator reads after. The ring
/// has a lock, as the body may run while the iterator reads. `task` is written once, before the body's first step.
@usableFromInline
final class GeneratorCore<Element: Sendable>: @unchecked Sendable {  // protected as described above
    @usableFromInline let ahead: Int
    @usableFromInline let body: nonisolated(nonsending) @Sendable (Yield<Element>) async throws -> Void
    @usableFromInline let ring: Guarded<StreamRing<Element>>
    @usableFromInline let sleeper: GeneratorSleeper
    @usableFromInline let gate: JobGate
    @usableFromInline @exclusivity(unchecked) var slot: Element?
    @usableFromInline var failure: (any Error)?

    @inlinable
    init(ahead: Int, body: nonisolated(nonsending) @escaping @Sendable (Yield<Element>) async throws -> Void) {
        self.ahead = ahead
        self.body = body
        ring = Guarded(StreamRing(minimumCapacity: ahead))
        sleeper = GeneratorSleeper()
        gate = JobGate(owner: sleeper)
    }

    /// Whether the body may make elements before they are asked for.
    @inlinable
    var isAhead: Bool { ahead > 1 }

    @inlinable
    func start() {
        sleeper.task = gate.start(on: StreamPlacement.current) { [self] in
            await run()
            gate.end()
        }
    }

    @inlinable
    func run() async {
        // asynclint:ignore:next cancellation-shown-as-failure — thrown as it is by the next call
        do { try await body(Yield(self)) } catch { failure = error }
    }

    /// Ends the iteration: a body that is at its `yield` unwinds here and now, any other hears of it there.
    @inlinable
    func leave() {
        sleeper.task?.cancel()
        gate.abandon()
    }

    /// Puts an element into the ring; called by the body.
    ///
    /// - Returns: Whether the ring is full, so that the body has to stop.
    @inlinable
    func putIntoRing(_ element: Element) -> Bool {
        let isFull = ring.withLock { ring in
            ring.append(element)
            return ring.count >= ahead
        }
        if !isFull { gate.wakeHolder() }
        return isFull
    }

    @inlinable
    func takeFromRing() -> Element? { ring.withLock { $0.popFirst() } }

    /// Sleeps until the body has come to its `yield` or ended. A cancellation goes to the body and is waited for.
    @inlinable
    nonisolated(nonsending)
        func wait() async
    {
        await sleeper.wait(for: gate)
    }
}

/// The iterator of a generator while its body waits for something else.
@usableFromInline
final class GeneratorSleeper: WaiterHost, JobGateOwner, @unchecked Sendable {
    // Sendable: `task` is set before the body runs and never changes.
    @usableFromInline var task: Task<Void, Never>?
    private let waiters = Guarded(WaiterQueue())

    @usableFromInline
    init() {}

    @usableFromInline
    nonisolated(nonsending)
        func wait(for gate: JobGate) async
    {
        let waiter = Waiter(of: self)
        _ = await waiter.wait { waiters.withLock { gate.beginWaiting() && $0.append(waiter) } }
        withExtendedLifetime(self) {}
    }

    @usableFromInline
    package func gateIsReady() {
        var wakes = WakeList()
        // The waiter is in the queue by now, or about to be: its lock is held from before the gate knew.
        waiters.withLock { _ = $0.grantFirst(into: &wakes) }
        wakes.resume()
    }

    /// Sleeps as `wait(for:)` does, but not longer than `limit` says.
    ///
    /// - Returns: Whether the time was over first.
    @usableFromInline
    nonisolated(nonsending)
        func wait(for gate: JobGate, _ limit: WaitLimit) async -> Bool
    {
        let waiter = Waiter(of: self)
        let outcome = await waiter.wait(limit) {
            waiters.withLock { !waiter.hasLeft && gate.beginWaiting() && $0.append(waiter) }
        }
        withExtendedLifetime(self) {}
        // What has come at the same moment counts as in time.
        return outcome == .timedOut && gate.stopWaiting()
    }

    /// A cancelled iterator cancels the body and goes on waiting for it: the body's clean-up is a part of the iteration.
    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        guard outcome == .timedOut else {
            task?.cancel()
            return WakeList()
        }
        var wakes = WakeList()
        waiters.withLock { _ = $0.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}
