import CConcerto
import Synchronization

/// One running body of a ``Timeout``: a node of its ``DeadlineList``, and the child task that runs the body. Also one attempt
/// of a ``Hedging``, which has no list.
///
/// **The race.** The deadline or the caller's cancellation may want to cancel the child while it is ending. `phase` decides:
/// whoever takes it from `running` to `cancelling` cancels, and nobody else does. That happens outside any lock, because it
/// runs arbitrary cancellation handlers. A child that ends meanwhile waits for it, so the task is alive while it is
/// cancelled; after `ended` nobody touches it.
///
/// The task is kept as a bare pointer. An `UnsafeCurrentTask` is a counted reference, and a child task lives in its
/// parent's frame: a release after the child has gone would write into memory that belongs to somebody else.
///
/// The properties are not checked for exclusive access at run time: each says who may touch it, and a check costs every
/// call ten nanoseconds.
final class DeadlineEntry: @unchecked Sendable {  // each property says who may touch it
    enum Phase: UInt8, AtomicRepresentable {
        /// The child has not said yet which task it is.
        case starting
        /// Cancelled before the child has said so: it cancels itself.
        case cancelledEarly
        /// As `cancelledEarly`, because its time was up.
        case expiredEarly
        case running
        case cancelling
        /// As `cancelling`, and the child waits for that.
        case awaited
        /// Cancelled, and nothing is left to do to the task.
        case cancelled
        case ended
    }

    private let phase = Atomic(Phase.starting)
    /// Written before `phase` is `running`.
    @exclusivity(unchecked) private var task: UnsafeMutableRawPointer?
    /// Written before `phase` is `awaited`.
    @exclusivity(unchecked) private var waiter: UnsafeContinuation<Void, Never>?
    /// What the body threw. Written by the child, read after it has been awaited.
    @exclusivity(unchecked) var error: (any Error)?
    /// Whether its time was up before it ended. Written before, or by, the child's end; read after that.
    @exclusivity(unchecked) private(set) var isExpired = false
    /// Only for an entry whose deadline comes before that of an older one: see ``DeadlineList``. The caller's.
    var timer: (any ScheduledTimer)?

    // Under the list's lock.

    @exclusivity(unchecked) var deadline = TimerInstant.distantFuture
    /// Counts the uses of this entry, so that a late timer of an earlier use does nothing.
    @exclusivity(unchecked) var use: UInt64 = 0
    @exclusivity(unchecked) var isLinked = false
    unowned(unsafe) var previous: DeadlineEntry?
    /// Owns the next entry, in the list of deadlines or in the free list.
    @exclusivity(unchecked) var next: DeadlineEntry?

    /// Forgets the call that has ended.
    func reset() {
        error = nil
        isExpired = false
        phase.store(.starting, ordering: .relaxed)
    }

    // MARK: The child

    /// What the child does, with the isolation of the body's caller.
    func run(_ context: ResilienceContext, _ body: ResilienceBody, isolation: isolated (any Actor)?) async {
        begin()
        // asynclint:ignore:next cancellation-shown-as-failure — handed to the caller as it is, cancellation included
        do { try await body(context) } catch { self.error = error }
        await finish()
    }

    /// In the child, first of all.
    func begin() {
        guard let task = concerto_task_current() else { preconditionFailure("a child runs in a task") }
        attach(task)
    }

    /// In the child, when its body has ended.
    nonisolated(nonsending)
        func finish() async
    {
        if !tryEnd() { await endWhenCancelled() }
    }

    private func attach(_ task: UnsafeMutableRawPointer) {
        self.task = task
        if exchange(.starting, .running) { return }
        isExpired = phase.load(ordering: .relaxed) == .expiredEarly
        phase.store(.cancelled, ordering: .relaxed)
        _PoolInternals.cancel(task)
    }

    /// - Returns: `false` if somebody is cancelling the child at this moment.
    private func tryEnd() -> Bool {
        exchange(.running, .ended) || exchange(.cancelled, .ended)
    }

    nonisolated(nonsending)
        private func endWhenCancelled() async
    {
        await withUnsafeContinuation { continuation in
            waiter = continuation
            if !exchange(.cancelling, .awaited) { continuation.resume() }
        }
        phase.store(.ended, ordering: .relaxed)
    }

    // MARK: Who cancels it

    /// Decides that the child is to be cancelled, unless it has ended or somebody else has decided so.
    ///
    /// - Returns: Whether ``finishCancelling()`` must follow.
    func beginCancelling(isExpired: Bool) -> Bool {
        while true {
            switch phase.load(ordering: .relaxed) {
            case .starting:
                if exchange(.starting, isExpired ? .expiredEarly : .cancelledEarly) { return false }
            case .running:
                guard exchange(.running, .cancelling) else { continue }
                self.isExpired = isExpired
                return true
            case .cancelledEarly, .expiredEarly, .cancelling, .awaited, .cancelled, .ended:
                return false
            }
        }
    }

    /// Cancels the child now, unless it has ended or somebody else does.
    func cancel() {
        if beginCancelling(isExpired: false) { finishCancelling() }
    }

    /// Cancels the child when the calling task is cancelled.
    ///
    /// - Returns: The watch, for `concerto_cancellation_unwatch` in the same task, once the child has ended.
    func watchCaller() -> UnsafeMutableRawPointer {
        concerto_cancellation_watch(
            { Unmanaged<DeadlineEntry>.fromOpaque($0).takeUnretainedValue().cancel() },
            Unmanaged.passUnretained(self).toOpaque())
    }

    /// Cancels the child.
    func finishCancelling() {
        guard let task else { preconditionFailure("a running child has a task") }
        _PoolInternals.cancel(task)
        // The child may be gone as soon as it is told.
        if exchange(.cancelling, .cancelled) { return }
        waiter.take()?.resume()
    }

    private func exchange(_ present: Phase, _ next: Phase) -> Bool {
        phase.compareExchange(expected: present, desired: next, ordering: .acquiringAndReleasing).exchanged
    }
}
