import CConcerto
import Synchronization

extension Scheduler {
    /// The worker's job is about to block: what the worker holds goes to others, and another thread runs in its place.
    func beginBlocking(_ worker: WorkerPointer) {
        worker.own.pointee.blockingDepth += 1
        guard worker.own.pointee.blockingDepth == 1 else { return }
        // B1. Counted before it is marked, so that the count is never less than the marks.
        state.wrappingAdd(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
        let before = worker.pointee.blockedMark.exchange(Worker.declaredBlocked, ordering: .sequentiallyConsistent)
        // The monitor had found it already: one count for one worker.
        if before != 0 { state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent) }
        handOver(worker)
        // B2.
        if hasWork() { workAdded() }
        observation.workerBlocked(worker.pointee.index)
    }

    func endBlocking(_ worker: WorkerPointer) {
        worker.own.pointee.blockingDepth -= 1
        guard worker.own.pointee.blockingDepth == 0 else { return }
        worker.pointee.blockedMark.store(0, ordering: .sequentiallyConsistent)
        state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
        observation.workerRecovered(worker.pointee.index)
    }
}
