import CConcerto
import ConcertoRuntime
public import Synchronization

/// One suspended wait: a node of the intrusive ``WaiterQueue`` under every primitive.
///
/// **Who may touch what.** `phase`, `outcome`, `error`, `continuation` and the links are protected by the lock of
/// `host`, the primitive the waiter belongs to. `weight` and whatever a subclass carries belong to the waiting task
/// until `admit` publishes the waiter, then to that lock, and to the waiting task again once it has been resumed. So no
/// two accesses overlap, and nobody has to check that again at run time.
///
/// **The race.** A grant, a cancellation, a timeout and a close may all come at once. Each of them first takes the
/// waiter out of the queue under the host's lock, and only the one that moves `phase` from `queued` to `left` decides
/// the outcome and resumes the task, after the lock has been released. So a waiter that was granted stays granted
/// whatever comes later, and a waiter that left by cancellation can never be granted.
///
/// **Lifetime.** The queue does not retain its waiters: the frame of the suspended task does, to the end of the wait, and
/// it cannot go on before the waiter has left the queue.
@usableFromInline
package class Waiter: @unchecked Sendable {  // protected as described above
    /// Where a waiter stands.
    @usableFromInline
    package enum Phase: UInt8, Sendable {
        case created
        case queued
        case left
    }

    /// How a wait ended.
    @usableFromInline
    package enum Outcome: UInt8, Sendable {
        /// The primitive gave what was asked for.
        case granted
        /// The waiting task or the token of the wait was cancelled first.
        case cancelled
        /// The wait's own deadline came first.
        case timedOut
        /// The primitive ended the wait with ``Waiter/error``.
        case failed
    }

    // What queueing and granting touch comes first, on one cache line: whoever does it has often another processor.
    @usableFromInline @exclusivity(unchecked) final var next: Unmanaged<Waiter>?
    @usableFromInline @exclusivity(unchecked) final var previous: Unmanaged<Waiter>?
    @usableFromInline @exclusivity(unchecked) final var continuation: UnsafeContinuation<Outcome, Never>?
    /// How many permits (or whatever the host counts) this waiter asks for.
    @usableFromInline @exclusivity(unchecked) package final var weight: Int
    @usableFromInline @exclusivity(unchecked) package final var phase = Phase.created
    @usableFromInline @exclusivity(unchecked) package final var outcome = Outcome.granted
    /// Set before the task is resumed, read after. The runtime orders the two as well, but where the task is resumed before
    /// it has suspended ThreadSanitizer does not see how.
    @usableFromInline final let isResumed = Atomic(false)
    /// When the wait began, in coarse monotonic nanoseconds.
    @usableFromInline package final let since = CoarseTime.now
    /// Why the wait failed; set by the host together with the outcome `failed`.
    @usableFromInline @exclusivity(unchecked) package final var error: (any Error)?
    @usableFromInline unowned(unsafe) final let host: any WaiterHost
    /// Keeps the host, unless the waiting frame does.
    private final let keptHost: (any WaiterHost)?

    #if DEBUG
    private final let ledger = LeakLedger.current
    #endif

    /// Creates a waiter that asks `host` for `weight` of what it counts.
    @usableFromInline
    package convenience init(of host: any WaiterHost, weight: Int = 1) {
        self.init(of: host, weight: weight, isHeld: false)
    }

    /// Creates a waiter that asks `host` for `weight` of what it counts.
    ///
    /// - Parameter isHeld: Whether the frame that waits keeps `host` to the end of the wait, which has neither a token nor
    ///   a deadline: then nobody has to count a reference to it, which those who wait on other threads count too.
    @usableFromInline
    package init(of host: any WaiterHost, weight: Int, isHeld: Bool) {
        self.host = host
        keptHost = isHeld ? nil : host
        self.weight = weight
        #if DEBUG
        ledger?.waiters.add(1, ordering: .relaxed)
        ledger?.waitersMade.add(1, ordering: .relaxed)
        #endif
    }

    #if DEBUG
    deinit { ledger?.waiters.subtract(1, ordering: .relaxed) }
    #endif

    /// Suspends the current task until the waiter has left its host's queue.
    ///
    /// - Parameters:
    ///   - limit: What else may end the wait, besides the host and the task's own cancellation.
    ///   - admit: Called once, on the way to sleep. It takes the host's lock and either settles the wait at once with
    ///     ``settle(_:)`` or puts the waiter into a queue; it returns whether the waiter now sleeps.
    @usableFromInline
    nonisolated(nonsending)
        package final func wait(_ limit: WaitLimit, admit: () -> Bool) async -> Outcome
    {
        if limit.isNone { return await wait(admit: admit) }
        if limit.cancellation.isCancellationRequested { return .cancelled }
        // The host has been asked already: a wait without time does not queue.
        if let deadline = limit.deadline, deadline <= limit.clock.now { return .timedOut }
        let registration = limit.cancellation.register { [self] in leave(.cancelled) }
        let alarm = limit.deadline.map { WaitAlarm(clock: limit.clock, deadline: $0) }
        let outcome = await wait {
            guard admit() else { return false }
            // The task may be runnable by now, but goes on only when this closure has returned.
            alarm?.arm(self)
            return true
        }
        alarm?.disarm()
        registration.unregister()
        return outcome
    }

    /// Suspends the current task until the waiter has left its host's queue, or the task is cancelled; see
    /// ``wait(_:admit:)``.
    @usableFromInline @inline(never)
    nonisolated(nonsending)
        package final func wait(admit: () -> Bool) async -> Outcome
    {
        let isListed = WaitGraph.isActive && WaitGraph.list(self, for: host)
        let outcome = await waitInPlace(admit: admit)
        if isListed { WaitGraph.unlist(self) }
        return outcome
    }

    /// As ``wait(admit:)``, but a part of its caller: an async function more costs a frame and two looks at the executor.
    ///
    /// Only for callers that are not generic. Both ends of the watch take from the stack of memory of the task, last in,
    /// first out, where the compiler also puts what has no fixed size; it does not know that they have to nest.
    @inline(__always)
    nonisolated(nonsending)
        final func waitInPlace(admit: () -> Bool) async -> Outcome
    {
        let watch = concerto_cancellation_watch(
            { Unmanaged<Waiter>.fromOpaque($0).takeUnretainedValue().leave(.cancelled) },
            Unmanaged.passUnretained(self).toOpaque())
        // The runtime resumes where the task is suspended. The other spelling looks for that place before as well.
        #if compiler(>=6.3) && compiler(<6.4)
        let outcome = await _unsafeInheritExecutor_withUnsafeContinuation { suspend($0, admit) }
        #else
        let outcome = await withUnsafeContinuation { suspend($0, admit) }
        #endif
        _ = isResumed.load(ordering: .acquiring)
        // Returns only when the handler is not running.
        concerto_cancellation_unwatch(watch)
        // The queue and the watch do not count a reference, and the optimiser ends a lifetime at the last use.
        withExtendedLifetime(self) {}
        return outcome
    }

    @inline(__always)
    private final func suspend(_ continuation: UnsafeContinuation<Outcome, Never>, _ admit: () -> Bool) {
        // Nobody else reads it before `admit` has published the waiter under the host's lock.
        self.continuation = continuation
        if !admit() { continuation.resume(returning: outcome) }
    }

    /// Suspends until the host ends the wait; neither the task's cancellation nor anything else does.
    @usableFromInline
    nonisolated(nonsending)
        package final func waitUninterruptibly(admit: () -> Bool) async
    {
        let isListed = WaitGraph.isActive && WaitGraph.list(self, for: host)
        _ = await withUnsafeContinuation { continuation in
            self.continuation = continuation
            if !admit() { continuation.resume(returning: outcome) }
        }
        if isListed { WaitGraph.unlist(self) }
        _ = isResumed.load(ordering: .acquiring)
        withExtendedLifetime(self) {}
    }

    /// Ends the wait with `outcome`, unless it has ended already.
    package final func leave(_ outcome: Outcome) {
        host.withdraw(self, as: outcome).resume()
    }

    /// Called instead of resuming a task, for waiters that stand for something else; outside the lock, once.
    @usableFromInline
    package func wake() {}

    /// Decides the wait of a waiter that is not queued. Called under the host's lock, from `admit`.
    ///
    /// - Returns: `false`, the answer of an `admit` that does not put the waiter to sleep; also when a cancellation
    ///   came first and has decided already.
    @inlinable
    package final func settle(_ outcome: Outcome) -> Bool {
        guard phase == .created else { return false }
        phase = .left
        self.outcome = outcome
        return false
    }

    /// Whether a cancellation or a timeout ended the wait before it was admitted. Called under the host's lock.
    @inlinable
    package final var hasLeft: Bool { phase == .left }
}
