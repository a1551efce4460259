import CConcerto
import Dispatch
import Synchronization

extension Scheduler {
    /// Makes every worker leave once it finds nothing to do. Idempotent.
    func close() {
        let woken = idle.withLock { idle in
            closing.store(true, ordering: .sequentiallyConsistent)
            // Only those that nobody has promised to wake: `parked` counts them.
            var woken: [Int] = []
            var bits = state.load(ordering: .relaxed)
            while PoolState(bits).parked > 0 {
                let next = bits &- PoolState.oneParked &+ PoolState.oneActive &+ PoolState.oneSearching
                let (exchanged, current) = state.weakCompareExchange(
                    expected: bits, desired: next, ordering: .sequentiallyConsistent)
                if exchanged {
                    woken.append(idle.parked.removeLast())
                    bits = next
                } else {
                    bits = current
                }
            }
            return woken
        }
        for index in woken { workers[index].pointee.wakeUp.signal() }
        monitor.close()
        drainIfDeserted()
        termination.close()
    }

    /// After the last worker has left, runs what was queued in the same moment elsewhere.
    func drainIfDeserted() {
        guard closing.load(ordering: .sequentiallyConsistent),
            PoolState(state.load(ordering: .sequentiallyConsistent)).active == 0
        else { return }
        for lane in Lane.allCases {
            while let entry = shared.take(lane, share: 1, limit: 0, into: { _ in }) {
                handedOn.wrappingAdd(1, ordering: .sequentiallyConsistent)
                runElsewhere(entry)
            }
        }
    }

    /// Runs an entry that came after the pool was shut down: a task that prefers the pool must not be lost, and no
    /// other executor would keep it (the runtime sends it back to the preferred one).
    func runElsewhere(_ entry: Entry) {
        if let item = entry.workItem {
            nonisolated(unsafe) let item = item
            return DispatchQueue.global().async { WorkItem.run(item) }
        }
        // The job's task prefers the pool, and so keeps it until it has run.
        let pool = Unmanaged<ThreadPool>.fromOpaque(owner).takeUnretainedValue()
        DispatchQueue.global().async {
            unsafeBitCast(entry.bits, to: UnownedJob.self).runSynchronously(on: pool.asUnownedTaskExecutor())
        }
    }
}
