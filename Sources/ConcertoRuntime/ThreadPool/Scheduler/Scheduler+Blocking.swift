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
        // The monitor had found it already: one count for one worker, and one word to the observers.
        if before != 0 { state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent) }
        handOver(worker)
        // B2.
        if hasWork() { workAdded() }
        if before == 0 { observation.workerBlocked(worker.pointee.index, declared: true) }
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
        var (high, normal) = takeSlot(of: worker)
        while let entry = worker.pointee.high.pop() { high.append(entry) }
        while let entry = worker.pointee.normal.pop() { normal.append(entry) }
        share(high, normal)
    }

    /// The same from outside, by the monitor, while the worker stays in a job. `transit` is the monitor's own, and empty
    /// before and after.
    func evacuate(_ worker: WorkerPointer, through transit: borrowing LocalQueue) {
        var (high, normal) = takeSlot(of: worker)
        worker.pointee.high.empty(into: &high, through: transit)
        worker.pointee.normal.empty(into: &normal, through: transit)
        guard !high.isEmpty || !normal.isEmpty else { return }
        share(high, normal)
        // E2. And the last worker of a pool that closes may have left while these were nowhere to be seen.
        workAdded()
        if closing.load(ordering: .sequentiallyConsistent) { drainIfDeserted() }
    }

    private func takeSlot(of worker: WorkerPointer) -> (high: EntryList, normal: EntryList) {
        var high = EntryList()
        var normal = EntryList()
        let bits = worker.pointee.slot.exchange(0, ordering: .sequentiallyConsistent)
        if bits != 0 {
            worker.pointee.slotsTaken.wrappingAdd(1, ordering: .relaxed)
            let entry = Entry(bits: bits)
            if entry.lane == .normal { normal.append(entry) } else { high.append(entry) }
        }
        return (high, normal)
    }

    private func share(_ high: EntryList, _ normal: EntryList) {
        if !high.isEmpty { shared.append(high, .high) }
        if !normal.isEmpty { shared.append(normal, .normal) }
    }
}

extension LocalQueue {
    /// Moves what is here behind `list`, by anybody but the owner. A full ring by halves, and no more: an owner that goes
    /// on filling it does not keep the caller here.
    fileprivate func empty(into list: inout EntryList, through transit: borrowing LocalQueue) {
        var halves = 9
        while halves > 0, let last = steal(into: transit) {
            while let entry = transit.pop() { list.append(entry) }
            list.append(last)
            halves -= 1
        }
    }
}
