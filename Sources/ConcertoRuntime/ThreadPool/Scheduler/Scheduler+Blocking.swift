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
        observation.workerBlocked(worker.pointee.index, declared: true)
    }

    func endBlocking(_ worker: WorkerPointer) {
        worker.own.pointee.blockingDepth -= 1
        guard worker.own.pointee.blockingDepth == 0 else { return }
        worker.pointee.blockedMark.store(0, ordering: .sequentiallyConsistent)
        state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
        observation.workerRecovered(worker.pointee.index)
    }

    // MARK: What a worker holds

    /// Moves what a worker holds to the shared queue, the slot first. By its own thread, which looks at the queues
    /// afterwards: on their way the entries are nowhere to be seen.
    func handOver(_ worker: WorkerPointer) {
        var high = EntryList()
        var normal = EntryList()
        takeSlot(of: worker, &high, &normal)
        while let entry = worker.pointee.high.pop() { high.append(entry) }
        while let entry = worker.pointee.normal.pop() { normal.append(entry) }
        if !high.isEmpty { shared.append(high, .high) }
        if !normal.isEmpty { shared.append(normal, .normal) }
    }

    /// The same from outside, by the monitor, while the worker stays in a job. `transit` is the monitor's own, and empty
    /// before and after.
    func evacuate(_ worker: WorkerPointer, through transit: borrowing LocalQueue) {
        var high = EntryList()
        var normal = EntryList()
        takeSlot(of: worker, &high, &normal)
        while let last = worker.pointee.high.steal(into: transit) {
            while let entry = transit.pop() { high.append(entry) }
            high.append(last)
        }
        while let last = worker.pointee.normal.steal(into: transit) {
            while let entry = transit.pop() { normal.append(entry) }
            normal.append(last)
        }
        guard !high.isEmpty || !normal.isEmpty else { return }
        if !high.isEmpty { shared.append(high, .high) }
        if !normal.isEmpty { shared.append(normal, .normal) }
        // E2.
        workAdded()
    }

    private func takeSlot(of worker: WorkerPointer, _ high: inout EntryList, _ normal: inout EntryList) {
        let bits = worker.pointee.slot.exchange(0, ordering: .sequentiallyConsistent)
        guard bits != 0 else { return }
        let entry = Entry(bits: bits)
        if entry.lane == .normal { normal.append(entry) } else { high.append(entry) }
    }
}
