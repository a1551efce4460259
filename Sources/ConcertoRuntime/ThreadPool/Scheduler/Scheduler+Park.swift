import CConcerto
import Synchronization

extension Scheduler {
    enum ParkOutcome {
        /// Counted as active and as a searcher by whoever woke this worker.
        case woken
        /// The thread is to end.
        case leave
    }

    /// P1 and P2 of the handshake, then sleep. The worker's own queues are empty.
    @inline(never)
    func park(_ worker: WorkerPointer, searching: Bool) -> ParkOutcome {
        holders.remove(worker.pointee.index)
        let leaving = idle.withLock { idle in
            guard !closing.load(ordering: .sequentiallyConsistent) else { return true }
            setParked(searching: searching)
            idle.parked.append(worker.pointee.index)
            return false
        }
        if leaving {
            // What came meanwhile is run before the last one goes.
            if hasWorkOrSlots() {
                holders.insert(worker.pointee.index)
                if !searching { state.wrappingAdd(PoolState.oneSearching, ordering: .sequentiallyConsistent) }
                return .woken
            }
            leave(worker, searching: searching)
            return .leave
        }
        return sleep(worker)
    }

    /// Parks a worker between two jobs if more threads run than may: those that replaced blocked threads which have
    /// come back. What it holds goes to the shared queue.
    ///
    /// - Returns: `nil` if there is no surplus after all.
    @inline(never)
    func parkSurplus(_ worker: WorkerPointer, searching: Bool) -> ParkOutcome? {
        guard PoolState(state.load(ordering: .relaxed)).running > limit.load(ordering: .relaxed) else { return nil }
        handOver(worker)
        let parked = idle.withLock { idle in
            guard !closing.load(ordering: .sequentiallyConsistent) else { return false }
            var bits = state.load(ordering: .relaxed)
            while PoolState(bits).running > limit.load(ordering: .relaxed) {
                var next = bits &- PoolState.oneActive &+ PoolState.oneParked
                if searching { next &-= PoolState.oneSearching }
                let (exchanged, current) = state.weakCompareExchange(
                    expected: bits, desired: next, ordering: .sequentiallyConsistent)
                if exchanged {
                    holders.remove(worker.pointee.index)
                    idle.parked.append(worker.pointee.index)
                    return true
                }
                bits = current
            }
            return false
        }
        guard parked else {
            // While it was on its way to the shared queue nobody saw it (E2).
            if hasWork() { workAdded() }
            return nil
        }
        return sleep(worker)
    }

    /// Under the lock of `idle`, so that an entry of `parked` is there before a waker that saw the count looks for it.
    private func setParked(searching: Bool) {
        var change = PoolState.oneParked &- PoolState.oneActive
        if searching { change &-= PoolState.oneSearching }
        state.wrappingAdd(change, ordering: .sequentiallyConsistent)
    }

    private func sleep(_ worker: WorkerPointer) -> ParkOutcome {
        worker.pointee.parks.bump()
        // P2. May wake this very worker: then the wait below returns at once.
        if hasWork() { workAdded() }
        concerto_thread_restore_name()
        if configuration.maxThreads - spare.load(ordering: .relaxed) > parallelism {
            let (deadline, never) = concerto_now().addingReportingOverflow(
                configuration.idleTimeout.saturatingNanoseconds)
            guard !worker.pointee.wakeUp.wait(until: never ? .max : deadline) else { return woken(worker) }
            if retire(worker) { return .leave }
        }
        _ = worker.pointee.wakeUp.wait()
        return woken(worker)
    }

    private func woken(_ worker: WorkerPointer) -> ParkOutcome {
        holders.insert(worker.pointee.index)
        return .woken
    }

    /// Takes a parked worker out for good if there are more threads than the minimum and nobody is about to wake it.
    private func retire(_ worker: WorkerPointer) -> Bool {
        let index = worker.pointee.index
        let retired = idle.withLock { idle in
            guard idle.threads > parallelism, let position = idle.parked.firstIndex(of: index) else { return false }
            var bits = state.load(ordering: .relaxed)
            while true {
                // All that are parked are promised to wakers, who will pop this worker or another: stay.
                guard PoolState(bits).parked > 0 else { return false }
                let (exchanged, current) = state.weakCompareExchange(
                    expected: bits, desired: bits &- PoolState.oneParked, ordering: .sequentiallyConsistent)
                if exchanged { break }
                bits = current
            }
            idle.parked.remove(at: position)
            vacate(worker, &idle)
            return true
        }
        if retired {
            observation.threadRetired(index)
            termination.threadEnds()
        }
        return retired
    }

    /// Ends a worker of a pool that shuts down.
    private func leave(_ worker: WorkerPointer, searching: Bool) {
        let index = worker.pointee.index
        idle.withLock { idle in
            var change = 0 &- PoolState.oneActive
            if searching { change &-= PoolState.oneSearching }
            state.wrappingAdd(change, ordering: .sequentiallyConsistent)
            vacate(worker, &idle)
        }
        observation.threadRetired(index)
        drainIfDeserted()
        monitor.close()
        termination.threadEnds()
    }

    /// From here the worker may be given to another thread.
    private func vacate(_ worker: WorkerPointer, _ idle: inout Idle) {
        // What this thread still makes runnable (whoever waits for its end, an observer's work) goes to the shared
        // queue, not to the queues of a worker that nobody is.
        let slots = concerto_thread_self()
        slots.pointee.worker = nil
        slots.pointee.pool = nil
        worker.pointee.threadID.store(0, ordering: .releasing)
        idle.threads -= 1
        idle.retired += 1
        spare.store(configuration.maxThreads - idle.threads, ordering: .relaxed)
        idle.vacant.append(worker.pointee.index)
    }
}
