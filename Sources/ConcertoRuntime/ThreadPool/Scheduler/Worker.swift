import CConcerto
import Synchronization

/// What a thread of the pool owns and what others may look at. Lives as long as its pool.
///
/// Reached through a pointer everywhere, so that no reference is counted on the way of a job.
struct Worker: ~Copyable {
    let index: Int
    /// The scheduler outlives its workers.
    let scheduler: Unmanaged<Scheduler>

    // MARK: Queues

    /// The entry that this worker runs next, before its queue: what a job has just made runnable is still in the
    /// cache. The owner fills it, anybody may empty it by exchange.
    let slot = Atomic<UInt>(0)
    /// Entries that others took from the slot; wraps around.
    let slotsTaken = Atomic<UInt32>(0)
    let high = LocalQueue()
    let normal = LocalQueue()

    // MARK: What the monitor looks at

    /// Odd while a job runs; starts at 2 and grows by 2 with every job.
    let epoch = Atomic<UInt64>(2)
    /// 0, or why this worker counts as blocked: `declaredBlocked`, or the epoch in which the monitor found it.
    let blockedMark = Atomic<UInt64>(0)
    static let declaredBlocked: UInt64 = 1
    /// The kernel's id of the thread, 0 while there is none.
    let threadID = Atomic<Int32>(0)

    /// Nesting of `withoutBlockingReports`.
    let quiet = Atomic<Int>(0)

    // MARK: Parking

    let wakeUp = Event()

    // MARK: Counters: written by the owner, read by anybody

    /// Epochs in which it drove the timers instead of running a job.
    let timerTurns = Atomic<UInt64>(0)
    let localEnqueues = Atomic<UInt64>(0)
    let steals = Atomic<UInt64>(0)
    let parks = Atomic<UInt64>(0)

    /// What only this worker's thread touches. Apart from the rest, so that its changes are no accesses to what
    /// others read.
    let own: UnsafeMutablePointer<Own>

    init(index: Int, scheduler: Scheduler) {
        self.index = index
        self.scheduler = Unmanaged.passUnretained(scheduler)
        own = .allocate(capacity: 1)
        own.initialize(to: Own(random: UInt32(truncatingIfNeeded: (index &+ 1) &* 0x9E37_79B9) | 1))
    }

    deinit { own.deallocate() }

    struct Own {
        /// Jobs taken so far: drives ageing and fairness.
        var tick: UInt32 = 0
        /// Entries taken from the slot in a row.
        var slotRun: UInt32 = 0
        /// Kind of the job that runs.
        var currentKind: UInt32 = 0
        /// The last job was one without a priority: the end of a `Task.sleep`.
        var endedSleep = false
        /// Nesting of declared blocking.
        var blockingDepth = 0
        var slotWakes = SlotWakes()
        /// When the thread last got its name back, in `concerto_ticks`.
        var namedAt: UInt64 = 0
        var random: UInt32

        /// Xorshift: where a search begins.
        mutating func nextRandom() -> UInt32 {
            random ^= random << 13
            random ^= random >> 17
            random ^= random << 5
            return random
        }
    }
}

typealias WorkerPointer = UnsafeMutablePointer<Worker>

extension UnsafeMutablePointer where Pointee == Worker {
    /// A copy of the pointer: a change made through it is no access to the worker itself.
    @inline(__always)
    var own: UnsafeMutablePointer<Worker.Own> { pointee.own }
}

extension Atomic where Value == UInt64 {
    /// Adds to a counter that only this thread writes.
    @inline(__always)
    func bump(_ amount: UInt64 = 1) {
        store(load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}
