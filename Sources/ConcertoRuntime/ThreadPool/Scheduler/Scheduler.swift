import CConcerto
import Synchronization

/// The queues and threads of one pool.
///
/// ## The parking handshake
///
/// *No job waits while a thread that may run it sleeps.* In terms of ``PoolState`` and `limit` (how many threads may
/// run at once): whenever a job is queued and `running < limit` and a thread is parked (or may be started), some thread
/// is searching, or somebody is on the way to wake one.
///
/// All of these are sequentially consistent, so there is one order of
///
/// - (E1) an enqueuer publishes a job (the tail of a ring, the mask of the shared lanes), then (E2) reads the state;
/// - (P1) a worker that found nothing takes itself out of `active`/`searching` and into `parked`, then (P2) looks at
///   every queue again; (S1) a searcher that found a job leaves `searching`, then (S2) looks at every queue again;
/// - (B1) a worker that blocks adds itself to `blocked`, then (B2) looks at every queue again.
///
/// If E2 sees a searcher, its P1 or S1 comes later, and so P2 or S2 sees the job. If E2 sees `running >= limit`, then
/// as many threads are on their way through their queues as may be; each ends with P1 or B1, after E2, and P2 or B2
/// sees the job. Who sees a job does what E2 does. `Models/parking.pml` and `Models/queues.pml` check this
/// for all interleavings of a small pool.
///
/// The slot of a worker and the continuation of a `Task.yield` are left out of P2, S2 and B2: their owner runs them
/// next. If it doesn't, because the job before runs long or blocks, the monitor sees it: it sleeps only while nothing at
/// all is queued, slots included (M1 sets `monitorSleeps`, M2 looks at every queue and slot; an enqueuer that wakes
/// nobody wakes the monitor).
final class Scheduler: @unchecked Sendable {
    // Sendable: what changes is atomic or behind a lock; a worker's own fields are touched by its thread only.

    struct Idle {
        /// Parked workers, the last one to park at the end: it is woken first, while its cache is warm.
        var parked: [Int] = []
        /// Workers whose thread has retired.
        var vacant: [Int] = []
        /// Threads.
        var threads = 0
        /// Threads ever started beyond the minimum.
        var injected = 0
        var retired = 0
    }

    let configuration: ThreadPool.Configuration
    /// How many threads run jobs at once when none blocks.
    let parallelism: Int
    /// The executor that jobs are run as. Unowned: it owns the scheduler, and tasks that prefer it keep it. Set once,
    /// before the pool's `init` ends and anybody else sees it; so is `owner`.
    @exclusivity(unchecked) private(set) var executor = globalConcurrentExecutor.asUnownedTaskExecutor()
    /// The object of ``executor``, for thread-local identity.
    @exclusivity(unchecked) private(set) var owner: UnsafeMutableRawPointer!

    /// A ``PoolState``. The monitor "sleeps" before it has ever been started.
    let state = Atomic<UInt64>(PoolState.monitorSleepsBit)
    /// How many threads may run at once: `parallelism`, and more for moments in which everything blocks.
    let limit: Atomic<Int>
    let shared = SharedLanes()
    let idle = Locked(Idle())
    /// `maxThreads` pointers, of which the first `created` are set, for ever.
    let workers: UnsafeMutablePointer<WorkerPointer>
    let created = Atomic<Int>(0)
    /// The workers that may hold entries: those that are not parked.
    let holders: WorkerSet
    /// How many more threads may be started: a hint that spares the lock.
    let spare: Atomic<Int>
    /// Set once: workers leave instead of parking.
    let closing = Atomic(false)
    let termination = Termination()
    let monitor = Monitor()
    /// Times the monitor had to wake a thread for a job that nobody was going to fetch. Anything but zero is a bug.
    let rescues = Atomic<UInt64>(0)
    let wakeUps = Atomic<UInt64>(0)
    /// Threads that the system refused.
    let failedStarts = Atomic<UInt64>(0)
    /// Jobs that came while the last thread left, and run elsewhere.
    let handedOn = Atomic<UInt64>(0)
    let observation = Observation()
    let latency: LatencyHistogram?

    /// Whether this is the process's pool, which lives as long as the process.
    let isDefault: Bool

    /// Where the pool says that it cannot go on.
    let complain: @Sendable (String) -> Void

    init(
        configuration: ThreadPool.Configuration, isDefault: Bool, complain: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.isDefault = isDefault
        self.complain = complain
        parallelism = configuration.minThreads
        limit = Atomic(configuration.minThreads)
        spare = Atomic(configuration.maxThreads)
        workers = .allocate(capacity: configuration.maxThreads)
        holders = WorkerSet(capacity: configuration.maxThreads)
        latency = configuration.measuresLatency ? LatencyHistogram() : nil
        if latency != nil { observation.measureLatency() }
        if configuration.reportsBlocking { ThreadWatch.activate() }
    }

    /// Makes `pool` the executor of all jobs.
    func belong(to pool: ThreadPool) {
        executor = pool.asUnownedTaskExecutor()
        owner = Unmanaged.passUnretained(pool).toOpaque()
    }

    deinit {
        for index in 0..<created.load(ordering: .acquiring) {
            workers[index].deinitialize(count: 1)
            workers[index].deallocate()
        }
        workers.deallocate()
    }

    /// This thread's worker, if it is one of this pool.
    @inline(__always)
    var currentWorker: WorkerPointer? {
        guard let raw = concerto_thread_self().pointee.worker else { return nil }
        let worker = raw.assumingMemoryBound(to: Worker.self)
        return worker.pointee.scheduler.toOpaque() == Unmanaged.passUnretained(self).toOpaque() ? worker : nil
    }

    /// Whether a job waits where any worker may fetch it. Sequentially consistent.
    func hasWork() -> Bool {
        if !shared.isEmpty { return true }
        return holders.contains { !workers[$0].pointee.normal.isEmpty || !workers[$0].pointee.high.isEmpty }
    }

    /// As ``hasWork()``, and the slots.
    func hasWorkOrSlots() -> Bool {
        if hasWork() { return true }
        return holders.contains { workers[$0].pointee.slot.load(ordering: .sequentiallyConsistent) != 0 }
    }
}

extension Scheduler {
    /// Entries that wait in any queue; a moment's view.
    var queued: Int {
        var sum = shared.count
        for index in 0..<created.load(ordering: .acquiring) {
            let worker = workers[index]
            sum += worker.pointee.high.count + worker.pointee.normal.count
            if worker.pointee.slot.load(ordering: .relaxed) != 0 { sum += 1 }
        }
        return sum
    }
}
