import ConcertoRuntime

/// The handles of Swift's own tasks that have not ended: one for each task, however often it is asked for.
///
/// Nobody can be taken off a Swift task that once waits for it. So each wait that made a handle of its own would leave that,
/// and the task that ends it, until the awaited one ends: a server's main task, say.
///
/// **Invariant.** While a task has an entry here somebody awaits it, and so its address is nobody else's; the entry goes
/// before that wait is over.
enum SwiftTaskHandles {
    private final class Shard: Sendable {
        let handles = Guarded<[UInt: any AnyObject & Sendable]>([:])
    }

    // By address, so that threads which wait for different tasks seldom meet.
    private static let shards = (0..<16).map { _ in Shard() }

    static func handle<Success, Failure: Error>(of task: Task<Success, Failure>) -> TaskHandle<Success> {
        let address = unsafeBitCast(task, to: UInt.self)
        let shard = shards[Int(truncatingIfNeeded: address >> 6) & 15]
        // Most have none yet, and under the lock nothing is allocated.
        let made = make(Success.self)
        let known = shard.handles.withLock { handles -> TaskHandle<Success>? in
            if let known = handles[address] { return unsafeDowncast(known, to: TaskHandle<Success>.self) }
            handles[address] = made
            return nil
        }
        if let known { return known }
        made.setCanceller { task.cancel() }
        // In place: of a task that has ended the handle has ended when it is returned. The others end it on their way
        // out, in a few instructions, as waiters never run inside `complete`.
        Task<Void, Never>.detached(executorPreference: InPlaceExecutor.shared) {
            let outcome = await task.outcome
            let entry = shard.handles.withLock { $0.removeValue(forKey: address) }
            made.complete(outcome)
            withExtendedLifetime((entry, task)) {}
        }
        return made
    }

    private static func make<Success>(_: Success.Type) -> TaskHandle<Success> {
        #if DEBUG
        // It belongs to the task and goes with it: nobody's leak.
        let handle = LeakLedger.$current.withValue(nil) { TaskHandle<Success>(promiseNamed: nil) }
        #else
        let handle = TaskHandle<Success>(promiseNamed: nil)
        #endif
        // Whether anybody asks the task itself cannot be known here, and Swift's own task says nothing if nobody does.
        handle.markObserved()
        return handle
    }
}

/// Runs a job on the thread that makes it ready, inside the call that does.
private final class InPlaceExecutor: TaskExecutor {
    static let shared = InPlaceExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        UnownedJob(job).runSynchronously(on: asUnownedTaskExecutor())
    }
}
