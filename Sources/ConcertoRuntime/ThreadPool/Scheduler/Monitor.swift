import CConcerto
import Synchronization

/// Looks for workers that block without saying so, and lets other threads run in their place.
///
/// A thread of its own. It sleeps while nothing is queued; while something is, it looks at every worker in intervals
/// of half of `blockedAfter`, up to four times that while jobs end or compute.
///
/// A worker is blocked if work waits and, since at least `blockedAfter`, it has been in the same job, has used next to no
/// processor time, and the kernel says that it does not want any: so neither a job that computes nor one that a
/// busy machine keeps from its processor is taken for a blocked one.
///
/// Blocked workers leave `running`, so that as many others may run. While *every* thread that runs turns out to
/// block, the limit is raised beyond that, twice as far each time: otherwise a queue of 64 blocking jobs would advance
/// by `minThreads` an interval. Threads that an earlier storm has left parked are all released at once. The first
/// worker that ends a job takes the raised limit back, and so does the first look that finds one computing.
///
/// What waits in the queues of a worker that stays in one job for long is moved to the shared queue, where every worker
/// looks now and then: the others steal only when they have nothing else to do.
final class Monitor: Sendable {
    private let signal = Event()
    private let started = Atomic(false)
    private let hasComplained = Atomic(false)

    /// Ends the monitor's sleep, if it sleeps.
    @inline(never)
    func wakeUp(_ scheduler: Scheduler) {
        let (old, _) = scheduler.state.bitwiseAnd(~PoolState.monitorSleepsBit, ordering: .sequentiallyConsistent)
        guard PoolState(old).monitorSleeps else { return }
        guard started.exchange(true, ordering: .sequentiallyConsistent) else { return start(scheduler) }
        signal.signal()
    }

    /// Makes the monitor look whether the pool has closed and its last worker has left.
    func close() { signal.signal() }

    private func start(_ scheduler: Scheduler) {
        while !tryToStart(scheduler) {
            // With a thread in the pool there will be another occasion.
            guard scheduler.idle.withLock({ $0.threads == 0 }) else {
                started.store(false, ordering: .sequentiallyConsistent)
                scheduler.state.bitwiseOr(PoolState.monitorSleepsBit, ordering: .sequentiallyConsistent)
                return
            }
            // Without, nobody is left to try again but whoever queues the job, and it would wait for ever.
            if !hasComplained.exchange(true, ordering: .relaxed) {
                scheduler.complain(Exhaustion.firstThreadText(pool: scheduler.configuration.name))
            }
            concerto_pause()
        }
    }

    private func tryToStart(_ scheduler: Scheduler) -> Bool {
        scheduler.termination.threadStarts()
        let argument = Unmanaged.passRetained(scheduler)
        let error = concerto_thread_start(
            { raw in
                let scheduler = Unmanaged<Scheduler>.fromOpaque(raw!).takeRetainedValue()
                scheduler.monitor.run(scheduler)
                scheduler.termination.threadEnds()
            }, argument.toOpaque(), "\(scheduler.configuration.name)-mon", 256 * 1024)
        guard error != 0 else { return true }
        argument.release()
        scheduler.termination.threadEnds()
        return false
    }

    private func run(_ scheduler: Scheduler) {
        var looks = Looks(scheduler)
        let shortest = min(10_000_000, max(100_000, scheduler.configuration.blockedAfter.saturatingNanoseconds / 2))
        // Blocking that begins just after a look is seen no later than this.
        let longest = shortest * 4
        var interval = shortest
        var idleLooks = 0
        while !scheduler.closing.load(ordering: .sequentiallyConsistent)
            || PoolState(scheduler.state.load(ordering: .sequentiallyConsistent)).active > 0
        {
            _ = signal.wait(until: concerto_now() &+ interval)
            switch looks.look() {
            case .nothingWaits:
                idleLooks += 1
                interval = min(interval * 2, longest)
                guard idleLooks >= 12 else { continue }
                idleLooks = 0
                interval = shortest
                // M1, M2: whoever queues something after the look sees the bit and wakes this thread.
                scheduler.state.bitwiseOr(PoolState.monitorSleepsBit, ordering: .sequentiallyConsistent)
                if scheduler.hasWorkOrSlots() || scheduler.closing.load(ordering: .sequentiallyConsistent) {
                    scheduler.state.bitwiseAnd(~PoolState.monitorSleepsBit, ordering: .sequentiallyConsistent)
                } else {
                    _ = signal.wait()
                }
            case .moves, .computes:
                idleLooks = 0
                interval = min(interval * 2, longest)
            case .sticks:
                idleLooks = 0
                interval = shortest
            }
        }
        // A job that came in this moment may yet have a thread started for it. As above: whoever queues something from here
        // on, and wakes nobody, sees the bit and starts another monitor; for what is queued by now this does.
        scheduler.drainIfDeserted()
        started.store(false, ordering: .sequentiallyConsistent)
        scheduler.state.bitwiseOr(PoolState.monitorSleepsBit, ordering: .sequentiallyConsistent)
        if scheduler.hasWorkOrSlots() { wakeUp(scheduler) }
    }
}
