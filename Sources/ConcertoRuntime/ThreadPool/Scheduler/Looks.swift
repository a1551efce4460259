import CConcerto
import Synchronization

/// What the monitor remembers from look to look.
struct Looks: ~Copyable {
    enum Verdict {
        case nothingWaits
        /// Work waits and every busy worker has begun another job since the last look.
        case moves
        /// Work waits, and the workers that have been in one job since the last look compute.
        case computes
        /// Work waits and some worker, in one job since the last look, may block.
        case sticks
    }

    private struct Seen {
        var epoch: UInt64 = 0
        /// When it was first seen in this epoch.
        var begun: Int64 = 0
        /// Since when it has used no more than ``cpu``.
        var since: Int64 = 0
        var cpu: Int64 = 0
        /// Looks in a row that found it waiting. One is not enough: a short wait for a lock is no blocking.
        var waiting = 0

        init() {}

        init(_ worker: WorkerPointer, _ epoch: UInt64, _ now: Int64) {
            self.epoch = epoch
            begun = now
            since = now
            if epoch & 1 == 1 {
                cpu = concerto_thread_cpu_time(worker.pointee.threadID.load(ordering: .acquiring))
            }
        }
    }

    /// How long a job may compute before those that wait in its worker's queues are moved.
    private static let hogsAfter: Int64 = 10_000_000
    /// The same for a job that was found blocked. Much longer: the thread that replaces it steals them as a rule, after it
    /// has served the shared queue, which would fill with what a storm of blocking jobs has left behind.
    private static let blocksAfter: Int64 = 100_000_000
    /// How often a blocked worker is asked whether it computes again; a system call each.
    private static let asksAfter: Int64 = 10_000_000

    private unowned let scheduler: Scheduler
    /// For what is on its way to the shared queue.
    private let transit = LocalQueue()
    private let blockedAfter: Int64
    private var seen: [Seen] = []
    /// How many threads the last injection let run beyond those that it replaced; doubles while everything blocks.
    private var step = 0
    private var stranded = 0
    private var failuresSeen: UInt64 = 0
    private var refusalsSeen: UInt64 = 0
    private var reports = ReportRate()
    private var exhaustion = Exhaustion()

    init(_ scheduler: Scheduler) {
        self.scheduler = scheduler
        blockedAfter = scheduler.configuration.blockedAfter.saturatingNanoseconds
    }

    mutating func look() -> Verdict {
        let now = concerto_now()
        let waits = scheduler.hasWorkOrSlots()
        let count = scheduler.created.load(ordering: .sequentiallyConsistent)
        while seen.count < count { seen.append(Seen()) }
        var found = 0
        // Workers that compute, and jobs that have ended since the last look.
        var computing = 0
        var ended: UInt64 = 0
        var sticks = false
        var mayBlock = false
        var blocked: Int?
        var reportable = 0
        for index in 0..<count {
            let worker = scheduler.workers[index]
            let epoch = worker.pointee.epoch.load(ordering: .acquiring)
            let mark = worker.pointee.blockedMark.load(ordering: .acquiring)
            if mark != 0 {
                // A mark that came just after its job had ended: nobody else takes it back before the next job ends.
                if mark == Worker.declaredBlocked {
                    // After it the job is looked at afresh.
                    seen[index] = Seen(worker, epoch, now)
                } else if mark != epoch || computes(index, worker, now) {
                    withdraw(mark, worker)
                }
                if mark == Worker.declaredBlocked || now - seen[index].begun >= Self.blocksAfter {
                    scheduler.evacuate(worker, through: transit)
                }
                continue
            }
            let inJob = epoch & 1 == 1
            if seen[index].epoch != epoch || !inJob {
                // A job that ended is a thread that moves. One that has just begun on a fresh thread says nothing yet.
                if seen[index].epoch & 1 == 1 { ended += (epoch - seen[index].epoch + 1) / 2 }
                seen[index] = Seen(worker, epoch, now)
                continue
            }
            sticks = true
            switch waits ? judge(index, worker, now) : .undecided {
            case .undecided: mayBlock = true
            case .runs:
                computing += 1
                mayBlock = true
            case .works:
                computing += 1
                if now - seen[index].begun >= Self.hogsAfter { scheduler.evacuate(worker, through: transit) }
            case .blocks:
                if markBlocked(worker, epoch) {
                    found += 1
                    if scheduler.configuration.reportsBlocking, worker.pointee.quiet.load(ordering: .relaxed) == 0 {
                        reportable += 1
                        blocked = index
                    }
                }
            }
        }
        guard waits else {
            restoreLimit()
            return .nothingWaits
        }
        let state = PoolState(scheduler.state.load(ordering: .sequentiallyConsistent))
        if found > 0 || state.running == 0 {
            inject(found: found, everythingBlocks: computing == 0, ended: ended, state)
            // After the replacements are on their way: the capture waits for the blocked thread.
            if let blocked { report(blocked, of: reportable, now) }
            complain(state, now)
            return .sticks
        }
        if computing > 0 || ended > 0 { restoreLimit() }
        rescue(state, sticks: sticks)
        if mayBlock || step > 0 { return .sticks }
        return sticks ? .computes : .moves
    }

    private enum Judgement {
        /// `runs`: has used little processor time, and wants it. `works`: has used much.
        case undecided, runs, works, blocks
    }

    private mutating func judge(_ index: Int, _ worker: WorkerPointer, _ now: Int64) -> Judgement {
        let elapsed = now - seen[index].since
        guard elapsed >= blockedAfter else { return .undecided }
        let thread = worker.pointee.threadID.load(ordering: .acquiring)
        let cpu = concerto_thread_cpu_time(thread)
        guard cpu >= 0 else { return .undecided }
        let used = cpu - seen[index].cpu
        guard used * 8 < elapsed else {
            // A job that computes now may block later: what counts is the time since it was last seen computing.
            seen[index].since = now
            seen[index].cpu = cpu
            seen[index].waiting = 0
            return .works
        }
        let kernel = UInt8(bitPattern: concerto_thread_state(thread))
        seen[index].waiting += 1
        // An uninterruptible wait is most often a page or a lock of the kernel's, which comes soon.
        switch kernel {
        case UInt8(ascii: "S"): return seen[index].waiting >= 2 ? .blocks : .undecided
        case UInt8(ascii: "D"): return seen[index].waiting >= 8 ? .blocks : .undecided
        // The kernel cannot be asked: no descriptor is free, or there is no `/proc`. A thread that has not run for so
        // long is not waiting for a processor.
        case 0: return used == 0 && elapsed >= 20 * blockedAfter ? .blocks : .undecided
        default:
            seen[index].waiting = 0
            return .runs
        }
    }

    /// Whether a worker that was found blocked has gone on to compute, in the same job: of late it has
    /// had an eighth of a processor and more, or it has had some and wants it now (too many may share the machine).
    private mutating func computes(_ index: Int, _ worker: WorkerPointer, _ now: Int64) -> Bool {
        guard now - seen[index].since >= Self.asksAfter else { return false }
        let thread = worker.pointee.threadID.load(ordering: .acquiring)
        let cpu = concerto_thread_cpu_time(thread)
        guard cpu >= 0 else { return false }
        let used = cpu - seen[index].cpu
        let elapsed = now - seen[index].since
        seen[index].since = now
        seen[index].cpu = cpu
        seen[index].waiting = 0
        return used * 8 >= elapsed || used > 0 && concerto_thread_state(thread) == CChar(bitPattern: UInt8(ascii: "R"))
    }

    /// Counts `worker` as blocked in the job of `epoch`.
    private func markBlocked(_ worker: WorkerPointer, _ epoch: UInt64) -> Bool {
        // Told first: once marked, the worker may recover, and tell so, at any moment.
        scheduler.observation.workerBlocked(worker.pointee.index, declared: false)
        // Counted first, so that the worker cannot take back a count that is not there yet.
        scheduler.state.wrappingAdd(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
        let (marked, _) = worker.pointee.blockedMark.compareExchange(
            expected: 0, desired: epoch, ordering: .sequentiallyConsistent)
        guard marked else {
            scheduler.state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
            scheduler.observation.workerRecovered(worker.pointee.index)
            return false
        }
        // The job ended in this moment, and its worker may have looked for a mark too early to see this one.
        if worker.pointee.epoch.load(ordering: .sequentiallyConsistent) != epoch {
            withdraw(epoch, worker)
            return false
        }
        return true
    }

    /// Says what blocks a worker, once a second.
    ///
    /// - Parameter found: How many were found in this look, this one included, whose blocking may be reported.
    private mutating func report(_ index: Int, of found: Int, _ now: Int64) {
        guard let suppressed = reports.admits(found, at: now) else { return }
        let worker = scheduler.workers[index]
        let isReported = BlockingReporter.report(
            scheduler.configuration.name, index, thread: worker.pointee.threadID.load(ordering: .acquiring),
            blockedFor: .nanoseconds(now - seen[index].since), suppressed: suppressed)
        if !isReported { reports.failed(suppressed, at: now) }
    }

    /// Says that the pool cannot go on, if it cannot.
    private mutating func complain(_ state: PoolState, _ now: Int64) {
        let failures = scheduler.failedStarts.load(ordering: .relaxed)
        let isRefused = failures != refusalsSeen
        refusalsSeen = failures
        let isExhausted =
            state.running <= 0 && state.parked == 0 && (isRefused || scheduler.spare.load(ordering: .relaxed) <= 0)
        guard exhaustion.isTime(at: now, isExhausted: isExhausted) else { return }
        scheduler.complain(
            Exhaustion.text(
                pool: scheduler.configuration.name, threads: state.active, jobs: scheduler.queued, isRefused: isRefused)
        )
    }

    private func withdraw(_ mark: UInt64, _ worker: WorkerPointer) {
        let (taken, _) = worker.pointee.blockedMark.compareExchange(
            expected: mark, desired: 0, ordering: .sequentiallyConsistent)
        guard taken else { return }
        scheduler.state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
        scheduler.observation.workerRecovered(worker.pointee.index)
    }

    private mutating func inject(found: Int, everythingBlocks: Bool, ended: UInt64, _ state: PoolState) {
        let parallelism = scheduler.parallelism
        let waiting = scheduler.queued
        // A short job now and then among those that block is no progress: at that rate the queue takes many looks.
        if everythingBlocks, ended * 16 < UInt64(waiting) {
            // Threads that are there cost nothing to release.
            let idle = min(state.parked, waiting)
            step = min(max(parallelism, step * 2, idle), max(parallelism, waiting))
        } else {
            step = 0
        }
        scheduler.limit.store(max(parallelism, step), ordering: .sequentiallyConsistent)
        for _ in 0..<max(found, step, 1) { scheduler.addWorker(evenIfSearching: true) }
    }

    private mutating func restoreLimit() {
        step = 0
        scheduler.limit.store(scheduler.parallelism, ordering: .sequentiallyConsistent)
    }

    /// Wakes a thread for the slot of a worker that stays in its job; and, should the handshake ever lose a wake-up, for
    /// the work that it left, which is counted.
    private mutating func rescue(_ state: PoolState, sticks: Bool) {
        // Where every thread that there may be is taken, nobody has lost anything.
        guard state.running < scheduler.limit.load(ordering: .relaxed), state.searching == 0,
            state.parked > 0 || scheduler.spare.load(ordering: .relaxed) > 0
        else {
            stranded = 0
            return
        }
        if scheduler.hasWork() {
            stranded += 1
            if stranded == 4 {
                stranded = 0
                // Nor has anybody if the system had no thread left.
                let failures = scheduler.failedStarts.load(ordering: .relaxed)
                if failures == failuresSeen { scheduler.rescues.wrappingAdd(1, ordering: .relaxed) }
                failuresSeen = failures
                scheduler.addWorker()
            }
        } else if sticks {
            stranded = 0
            scheduler.addWorker()
        }
    }
}
