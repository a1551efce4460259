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
    /// Whether the body runs on an executor that the task prefers, where it begins by itself; the iterator's.
    @usableFromInline var isPlaced = false

    @inlinable
    init(ahead: Int, body: nonisolated(nonsending) @escaping @Sendable (Yield<Element>) async throws -> Void) {
        self.ahead = ahead
        self.body = body
        ring = Guarded(StreamRing(minimumCapacity: ahead))
        sleeper = GeneratorSleeper()
        gate = JobGate(owner: sleeper)
        sleeper.gate = gate
    }

    /// Whether the body may make elements before they are asked for.
    @inlinable
    var isAhead: Bool { ahead > 1 }

    @inlinable
    func start() {
        let placement = StreamPlacement.current
        isPlaced = placement != nil
        sleeper.task = gate.start(on: placement) { [self] in
            await run()
            gate.end()
        }
    }

    /// Lets the body go on to its next `yield`. On an executor that the task prefers it has begun by itself: the first time,
    /// where it stands is that `yield`.
    @inlinable
    func step(isFirst: Bool) -> JobGate.Step {
        isFirst && isPlaced ? gate.look() : gate.advance(mayRun: isFirst)
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
        await sleeper.wait { false }
    }

    /// As ``wait()``, unless there is an element in the ring: one that was put there just before the body could know that
    /// somebody waits would otherwise be seen only with the next one.
    @inlinable
    nonisolated(nonsending)
        func waitForRing() async
    {
        await sleeper.wait { ring.withLock { !$0.isEmpty } }
    }
}

/// The iterator of a generator while its body waits for something else.
@usableFromInline
final class GeneratorSleeper: WaiterHost, JobGateOwner, @unchecked Sendable {
    // Sendable: `task` and `gate` are set before the body runs and never change.
    @usableFromInline var task: Task<Void, Never>?
    /// What it waits for; set once. The iterator that waits keeps it.
    @usableFromInline unowned(unsafe) var gate: JobGate?
    private let waiters = Guarded(WaiterQueue())

    @usableFromInline
    init() {}

    @usableFromInline
    nonisolated(nonsending)
        func wait(unless isThere: () -> Bool) async
    {
        let gate = gate.unsafelyUnwrapped
        let waiter = Waiter(of: self)
        _ = await waiter.wait {
            waiters.withLock { waiters in
                guard gate.beginWaiting() else { return false }
                // The body puts first and wakes then; here it is said first that somebody waits, and looked then.
                if isThere(), gate.cancelWaiting() { return false }
                return waiters.append(waiter)
            }
        }
        withExtendedLifetime(self) {}
    }

    @usableFromInline
    package func gateIsReady() {
        var wakes = WakeList()
        // The waiter is in the queue by now, or about to be: its lock is held from before the gate knew.
        waiters.withLock { _ = $0.grantFirst(into: &wakes) }
        wakes.resume()
    }

    /// Sleeps as `wait(unless:)` does, but not longer than `limit` says.
    ///
    /// - Returns: Whether the time was over first.
    @usableFromInline
    nonisolated(nonsending)
        func wait(_ limit: WaitLimit) async -> Bool
    {
        let gate = gate.unsafelyUnwrapped
        let waiter = Waiter(of: self)
        let outcome = await waiter.wait(limit) {
            waiters.withLock { !waiter.hasLeft && gate.beginWaiting() && $0.append(waiter) }
        }
        withExtendedLifetime(self) {}
        // What has come at the same moment counts as in time.
        return outcome == .timedOut && gate.look() == .suspended
    }

    /// A cancelled iterator cancels the body and goes on waiting for it: the body's clean-up is a part of the iteration.
    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        guard outcome == .timedOut else {
            task?.cancel()
            return WakeList()
        }
        var wakes = WakeList()
        waiters.withLock { waiters in
            // Where the task has come to the gate at the same moment the word of it is on its way, and is for this waiter.
            guard waiter.phase != .queued || gate.unsafelyUnwrapped.cancelWaiting() else { return }
            _ = waiters.withdraw(waiter, as: outcome, into: &wakes)
        }
        return wakes
    }
}
