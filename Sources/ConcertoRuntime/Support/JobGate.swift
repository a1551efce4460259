import Synchronization

/// Whoever waits for a ``JobGate``.
@usableFromInline
package protocol JobGateOwner: AnyObject, Sendable {
    /// The gate has been waited for with ``JobGate/beginWaiting()``, and the task has come back to it or ended.
    func gateIsReady()
}

/// Runs a task in steps: the task stops at ``pass()``, and whoever holds the gate lets it go on, on its own thread.
///
/// The gate is an actor whose executor runs nothing. A task that hops to it is kept there; ``advance()`` runs it as an
/// ordinary job of no actor, so that the way back from the hop is no hop. The step ends when the task comes to the gate
/// again, ends, or really suspends, and then it goes on wherever its executor puts it.
///
/// **Who may touch what.** `job` belongs to whoever moves `state`: the task before it has published `parked`, the holder
/// after it has taken that back. There is one task and one holder, so `state` is all that they race for.
@usableFromInline
package final actor JobGate: SerialExecutor {
    /// Where the task is.
    private enum State: UInt8, AtomicRepresentable {
        /// At the gate; `job` is set.
        case parked
        /// Somewhere between two stops.
        case running
        /// As `running`, and the holder sleeps until that is over.
        case awaited
        /// Nobody lets it go on any more: the next stop is none.
        case abandoned
        /// Through.
        case ended
    }

    /// How a step ended.
    @usableFromInline
    package enum Step: Sendable {
        /// The task is at the gate again.
        case parked
        /// The task is through.
        case ended
        /// The task waits for something else.
        case suspended
    }

    private nonisolated let state = Atomic(State.running)
    /// Whether its task has been started: two that iterate at once could both find that it has not.
    private nonisolated let isStarted = Atomic(false)
    private nonisolated(unsafe) var job: UnownedJob?  // protected as described above
    private nonisolated unowned(unsafe) let owner: any JobGateOwner

    /// Set for the gate of the self-test, which runs in place to see whether that holds.
    nonisolated let isTrial: Bool

    /// Creates a gate.
    ///
    /// - Parameter owner: Lives at least as long as the task.
    @usableFromInline
    package init(owner: any JobGateOwner) {
        self.owner = owner
        isTrial = false
    }

    init(owner: any JobGateOwner, isTrial: Bool) {
        self.owner = owner
        self.isTrial = isTrial
    }

    @usableFromInline
    package nonisolated var unownedExecutor: UnownedSerialExecutor { asUnownedSerialExecutor() }

    /// Starts the task, which stops before its first statement; the first step may have begun with an executor.
    ///
    /// - Parameters:
    ///   - placement: The executor that it prefers; then its steps run there, not on the holder's thread.
    ///   - body: What it does; the last of it is ``end()``.
    @usableFromInline
    package nonisolated func start(
        on placement: (any TaskExecutor)?, _ body: @escaping @Sendable () async -> Void
    ) -> Task<Void, Never> {
        if isStarted.exchange(true, ordering: .acquiringAndReleasing) { Self.refuseSecondHolder() }
        // Such a task goes to its executor first, wherever its closure belongs.
        if let placement { return Task(executorPreference: placement) { await body() } }
        typealias Isolated = (isolated JobGate) -> Task<Void, Never>
        typealias Plain = (JobGate) -> Task<Void, Never>
        // A task whose closure is isolated to the gate comes there first. Making it needs no isolation.
        let start: Isolated = { gate in
            Task {
                _ = gate
                await body()
            }
        }
        return unsafeBitCast(start, to: Plain.self)(self)
    }

    /// Stops the calling task here until the next ``advance()``.
    // Not inlined, or the optimiser would find that nothing happens between the two hops.
    @inline(never) @_optimize(none) @usableFromInline
    package func pass() {}

    /// Whether nobody lets the task go on any more.
    @usableFromInline
    package nonisolated var isAbandoned: Bool { state.load(ordering: .relaxed) == .abandoned }

    /// Lets the task go on, on this thread, and returns when this step is over.
    ///
    /// - Parameter mayRun: Whether the task may be between two stops already; then there is nothing to do. Without it that
    ///   means that two tasks use the gate at once, which ends the program.
    @usableFromInline
    package nonisolated func advance(mayRun: Bool = false) -> Step {
        switch state.load(ordering: .acquiring) {
        case .parked: break
        case .ended: return .ended
        case .running where mayRun: return .suspended
        case .running, .awaited, .abandoned: Self.refuseSecondHolder()
        }
        // Two holders may both have seen it at the gate; one of them runs it.
        let (isOurs, _) = state.compareExchange(expected: .parked, desired: .running, ordering: .relaxed)
        guard isOurs else { Self.refuseSecondHolder() }
        let job = job.unsafelyUnwrapped
        InPlaceExecution.run(job, gate: self)
        switch state.load(ordering: .acquiring) {
        case .parked: return .parked
        case .ended: return .ended
        case .running, .awaited, .abandoned: return .suspended
        }
    }

    /// Where the task stands, without letting it go on.
    @usableFromInline
    package nonisolated func look() -> Step {
        switch state.load(ordering: .acquiring) {
        case .parked: .parked
        case .ended: .ended
        case .running, .awaited, .abandoned: .suspended
        }
    }

    @inline(never)
    private static func refuseSecondHolder() -> Never {
        fatalError(
            "AsyncGenerator: next() was called while another next() of the same iteration was under way; "
                + "an iteration belongs to one task: iterate anew, or share through a channel or a hub")
    }

    /// Says that the holder is going to sleep until ``JobGateOwner/gateIsReady()``.
    ///
    /// - Returns: `false` if there is nothing to wait for.
    @usableFromInline
    package nonisolated func beginWaiting() -> Bool {
        state.compareExchange(expected: .running, desired: .awaited, ordering: .acquiringAndReleasing).exchanged
    }

    /// Takes back ``beginWaiting()``, if nobody is about to wake the holder.
    ///
    /// - Returns: `false` if the owner has been told, or is about to be, that the gate is ready: that has to be waited for.
    @usableFromInline
    package nonisolated func cancelWaiting() -> Bool {
        state.compareExchange(expected: .awaited, desired: .running, ordering: .acquiringAndReleasing).exchanged
    }

    /// Wakes the holder, if it sleeps, although the task goes on; called by the task.
    @usableFromInline
    package nonisolated func wakeHolder() {
        let (woken, _) = state.compareExchange(
            expected: .awaited, desired: .running, ordering: .acquiringAndReleasing)
        if woken { owner.gateIsReady() }
    }

    /// Says that the task is through; called by the task.
    @usableFromInline
    package nonisolated func end() {
        if state.exchange(.ended, ordering: .acquiringAndReleasing) == .awaited { owner.gateIsReady() }
    }

    /// Lets the task go for good. One that is at the gate goes on here and now; ``isAbandoned`` tells it.
    @usableFromInline
    package nonisolated func abandon() {
        var old = state.load(ordering: .acquiring)
        while old != .ended, old != .abandoned {
            let (won, current) = state.compareExchange(
                expected: old, desired: .abandoned, ordering: .acquiringAndReleasing)
            if won {
                if old == .parked { InPlaceExecution.run(job.unsafelyUnwrapped, gate: self) }
                return
            }
            old = current
        }
    }

    @usableFromInline
    package nonisolated func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        var old = state.load(ordering: .acquiring)
        while true {
            switch old {
            case .running, .awaited:
                self.job = job
                let (won, current) = state.compareExchange(
                    expected: old, desired: .parked, ordering: .acquiringAndReleasing)
                if won {
                    if old == .awaited { owner.gateIsReady() }
                    return
                }
                old = current
            case .abandoned: return globalConcurrentExecutor.enqueue(job)
            // The last hop, of a closure that has nothing left to do.
            case .ended: return InPlaceExecution.run(job, gate: self)
            case .parked:
                fatalError("AsyncGenerator: two tasks called yield at once; only the body itself may yield")
            }
        }
    }
}
