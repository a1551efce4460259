import CConcerto

extension ThreadPool {
    /// Gives way: other work of the same priority that waits runs before the caller goes on.
    ///
    /// One job and no allocation, where `Task.yield()` is two jobs and one allocation. On Swift's own executor it gives
    /// way there.
    ///
    /// - Cancellation: is not observed.
    /// - Where it runs: the caller comes back to where it was: this pool, its actor, its preferred executor.
    /// - Ordering: behind everything that waits in the queue of this thread, and with the shared queue's turn.
    /// - Allocates: nothing.
    public static func yield() async {
        await YieldPoint.shared.pass()
    }
}

/// An actor to hop to and back. Its executor queues the task at the end and then runs it as an ordinary job of the pool,
/// so that the way back is no hop at all: leaving this actor for the pool finds the task there.
private actor YieldPoint {
    static let shared = YieldPoint()

    private nonisolated let executor = YieldExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    // Not inlined, or the optimiser would find that nothing happens between the two hops.
    @inline(never) @_optimize(none)
    func pass() {}
}

private final class YieldExecutor: SerialExecutor {
    func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }

    func enqueue(_ job: UnownedJob) {
        let entry = Entry(job)
        if let raw = concerto_thread_self().pointee.worker {
            let worker = raw.assumingMemoryBound(to: Worker.self)
            worker.pointee.scheduler._withUnsafeGuaranteedRef { $0.enqueueLast(entry, flags: entry.flags) }
        } else if let pool = ThreadPool.default {
            pool.scheduler.enqueueLast(entry, flags: entry.flags)
        } else {
            globalConcurrentExecutor.enqueue(job)
        }
    }
}
