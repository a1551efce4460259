import Dispatch
import Synchronization
import Testing

@testable import ConcertoRuntime

@Suite struct LifetimeTests {
    @Test func `a work item keeps its pool until it has run`() async throws {
        // Cause: only tasks kept their pool; `ThreadPool.current` in a work item that outlived it was freed memory.
        weak var observed: ThreadPool?
        let gate = DispatchSemaphore(value: 0)
        let name = Mutex("")
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            do {
                let pool = try! ThreadPool(.init(minThreads: 1, name: "kept"))
                observed = pool
                pool.queueWorkItem {
                    gate.wait()
                    name.withLock { $0 = ThreadPool.current?.configuration.name ?? "none" }
                    continuation.resume()
                }
            }
            #expect(observed != nil)
            gate.signal()
        }
        #expect(name.withLock { $0 } == "kept")
    }

    @Test func `a task on the pool can shut it down`() async throws {
        // Cause: who waited for the last thread was put into the slot of that thread, which nobody looked at any more.
        for _ in 0..<200 {
            let pool = try ThreadPool(.init(minThreads: 2))
            let task = Task(executorPreference: pool) {
                // Fills the slot once, so that the throttled wake-up of the next fill does not hide a loss.
                pool.queueWorkItem {}
                await pool.shutdown()
            }
            await task.value
            #expect(pool.statistics.threads == 0)
        }
    }

    @Test func `the threads of a pool that is shut down let go of everything`() async throws {
        weak var scheduler: Scheduler?
        do {
            let pool = try ThreadPool(.init(minThreads: 2))
            scheduler = pool.scheduler
            await Task(executorPreference: pool) { withBlocking {} }.value
            await pool.shutdown()
        }
        // The last of them has counted itself out, and ends.
        while scheduler != nil { await Task.yield() }
    }

    @Test func `a work item that comes after the shutdown runs all the same`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1))
        await pool.shutdown()
        let isElsewhere = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            pool.queueWorkItem { continuation.resume(returning: ThreadPool.current == nil) }
        }
        #expect(isElsewhere)
        #expect(pool.statistics.jobsEnqueued == 0)
    }

    /// What happens when an enqueuer that saw an open pool goes on after the last thread has left.
    private func publishLate(_ pool: ThreadPool, _ body: @escaping @Sendable () -> Void) {
        let item = UnsafeMutablePointer<WorkItem>.allocate(capacity: 1)
        item.initialize(to: WorkItem(priority: TaskPriority.medium.rawValue, body: body, pool: pool))
        pool.scheduler.shared.enqueue(Entry(item), .normal)
    }

    @Test func `a job that comes while the last thread leaves runs elsewhere, and is not counted`() async throws {
        // Cause: it counted as enqueued and never as completed.
        let pool = try ThreadPool(.init(minThreads: 1))
        await Task(executorPreference: pool) {}.value
        await pool.shutdown()
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            publishLate(pool) { continuation.resume() }
            pool.scheduler.drainIfDeserted()
        }
        let statistics = pool.statistics
        #expect(statistics.jobsEnqueued == statistics.jobsCompleted)
        #expect(statistics.jobsQueued == 0)
    }

    @Test(.timeLimit(.minutes(5))) func `a thread that is started after the monitor has left is looked after too`()
        async throws
    {
        // Cause: the monitor of a closed pool never came back, and a job that blocked for another hung.
        let pool = try ThreadPool(.init(minThreads: 1))
        @Sendable func blockForAnother() {
            let done = DispatchSemaphore(value: 0)
            pool.queueWorkItem { done.signal() }
            blockingWait(done)
        }
        await Task(executorPreference: pool) { blockForAnother() }.value
        await pool.shutdown()
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            publishLate(pool) {
                blockForAnother()
                continuation.resume()
            }
            pool.scheduler.workAdded()
        }
    }

    @Test(.timeLimit(.minutes(5))) func `while an actor's job runs on a pool's thread the pool is there`() async throws
    {
        // Cause: the job of an actor runs all that wait for it. The task that brought the actor to the pool ended on another
        // thread and took the pool along, and `ThreadPool.current` of the next one in the actor was freed memory.
        final class Witness: Sendable {}
        final class Weak: Sendable {
            private let state = Locked<(pool: WeakReference<ThreadPool>, witness: WeakReference<Witness>)>(
                (WeakReference(), WeakReference()))
            func set(_ pool: ThreadPool, _ witness: Witness) {
                state.withLock { $0 = (WeakReference(pool), WeakReference(witness)) }
            }
            var poolIsGone: Bool { state.withLock { $0.pool.object == nil } }
            var witnessIsGone: Bool { state.withLock { $0.witness.object == nil } }
        }
        actor Shared {
            func first(_ inside: DispatchSemaphore, _ gate: DispatchSemaphore) {
                inside.signal()
                blockingWait(gate)
            }
            func second(_ weak: Weak) -> (isGone: Bool, isOnPool: Bool) {
                // The first task has ended, elsewhere. What it held goes in the same moment.
                while !weak.witnessIsGone {}
                for _ in 0..<100_000 where !weak.poolIsGone {}
                return (weak.poolIsGone, ThreadPool.current != nil)
            }
        }
        let weak = Weak()
        let inside = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let actor = Shared()
        do {
            let pool = try ThreadPool(.init(minThreads: 2))
            let witness = Witness()
            weak.set(pool, witness)
            Task(executorPreference: pool) {
                await actor.first(inside, gate)
                withExtendedLifetime(witness) {}
            }
        }
        blockingWait(inside)
        let begun = Atomic(false)
        let second = Task.detached {
            begun.store(true, ordering: .relaxed)
            return await actor.second(weak)
        }
        // It most likely waits in the actor by then; if not, it runs outside of the pool, and this shows nothing.
        while !begun.load(ordering: .relaxed) { await Task.yield() }
        for _ in 0..<1_000 { await Task.yield() }
        gate.signal()
        let (isGone, isOnPool) = await second.value
        #expect(!isGone || !isOnPool)
        while !weak.poolIsGone { await Task.yield() }
    }
}

private struct WeakReference<Object: AnyObject> {
    weak var object: Object?
    init(_ object: Object? = nil) { self.object = object }
}
