/// One running body of a ``Timeout``: a node of its ``DeadlineList``.
///
/// Everything but `call` and `error` is protected by the list's lock. **The race.** A deadline or the caller's cancellation may want to cancel
/// the child while the child is ending. Whoever cancels first moves `phase` to `cancelling` under the lock, cancels
/// outside it, because that runs arbitrary cancellation handlers, and moves it on afterwards; a child that ends
/// meanwhile waits for that in ``DeadlineList/waitForCanceller(of:)``, so the task is alive while it is cancelled.
///
/// The task is kept as a bare pointer. An `UnsafeCurrentTask` is a counted reference, and a child task lives in its
/// parent's frame: a release after the child has gone would write into memory that belongs to somebody else.
final class DeadlineEntry: @unchecked Sendable {  // protected as described above
    enum Phase {
        /// In the free list, or done.
        case idle
        /// The child has not said yet which task it is.
        case starting
        case running(UnsafeMutableRawPointer)
        case cancelling(finisher: UnsafeContinuation<Void, Never>?)
        /// Cancelled, and nothing is left to do to the task.
        case cancelled
    }

    /// What the child is to do.
    struct Call {
        let list: DeadlineList
        let context: ResilienceContext
        let body: ResilienceBody
    }

    /// Written before the child starts, taken by the child: so the child's closure captures this entry alone.
    var call: Call?
    /// What the body threw. Written by the child, read after it has been awaited.
    var error: (any Error)?
    var phase = Phase.idle
    var isRunning = false
    var isCancelled = false
    var isExpired = false
    var deadline = TimerInstant.distantFuture
    /// Counts the uses of this entry, so that a late timer of an earlier use does nothing.
    var use: UInt64 = 0
    /// Only for an entry whose deadline comes before that of an older one: see ``DeadlineList``.
    var timer: (any ScheduledTimer)?
    var isLinked = false
    unowned(unsafe) var previous: DeadlineEntry?
    /// Owns the next entry, in the list of deadlines or in the free list.
    var next: DeadlineEntry?

    /// What the child does, with the isolation of the body's caller.
    func run(isolation: isolated (any Actor)?) async {
        guard let call = call.take() else { preconditionFailure("an entry is run once") }
        withUnsafeCurrentTask { task in
            guard let task else { preconditionFailure("a child runs in a task") }
            call.list.attach(unsafeBitCast(task, to: UnsafeMutableRawPointer.self), to: self)
        }
        do { try await call.body(call.context) } catch { self.error = error }
        if call.list.finish(self) { await call.list.waitForCanceller(of: self) }
    }
}
