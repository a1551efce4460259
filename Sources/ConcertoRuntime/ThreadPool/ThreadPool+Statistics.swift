import Synchronization

extension ThreadPool {
    /// What a pool does at a moment. The counters are read one after the other while the pool works on: between them
    /// a job may move. Once nothing is in flight, `jobsEnqueued == jobsCompleted + jobsQueued`.
    public struct Statistics: Sendable, Equatable {
        /// Threads of the pool: those that run, block, search or are parked.
        public var threads: Int
        /// Threads that run a job or look for one, and do not block.
        public var runningThreads: Int
        /// Threads in a job that blocks, declared or found.
        public var blockedThreads: Int
        /// Parked threads.
        public var idleThreads: Int
        /// Threads that were started beyond `minThreads`, since the pool began.
        public var injectedThreads: Int
        /// Threads that have ended.
        public var retiredThreads: Int

        /// Jobs in the shared queue.
        public var sharedQueueLength: Int
        /// Jobs in the workers' own queues.
        public var localQueueLength: Int
        /// Jobs that wait, in any queue.
        public var jobsQueued: Int { sharedQueueLength + localQueueLength }

        /// Jobs that were enqueued. One task is one job for each time it becomes runnable.
        public var jobsEnqueued: UInt64
        /// Jobs that have run.
        public var jobsCompleted: UInt64
        /// Times a worker took work from another.
        public var steals: UInt64
        /// Times a worker parked.
        public var parks: UInt64
        /// Times a worker was woken or started because there was work.
        public var wakeUps: UInt64
        /// Times the monitor had to wake a worker for work that nobody was going to fetch. Zero, or there is a bug.
        public var rescues: UInt64

        /// Timers of the process that wait.
        public var timersPending: Int

        /// How long jobs waited from `enqueue` until they ran; `nil` unless ``Configuration/measuresLatency`` is on.
        public var latency: Latency?
    }

    /// Quantiles of the time from `enqueue` until a job runs, each rounded up to the next of four steps an octave.
    public struct Latency: Sendable, Equatable {
        /// Jobs measured.
        public var count: UInt64
        /// Half of the jobs waited no longer.
        public var p50: Duration
        /// 90 % of the jobs waited no longer.
        public var p90: Duration
        /// 99 % of the jobs waited no longer.
        public var p99: Duration
        /// 99.9 % of the jobs waited no longer.
        public var p999: Duration
        /// The longest wait.
        public var max: Duration
    }

    /// What the pool does now. Reading it stops nobody and takes microseconds; a lock is held for nanoseconds.
    public final var statistics: Statistics { scheduler.statistics }
}

extension Scheduler {
    var statistics: ThreadPool.Statistics {
        // Completed before enqueued, so that a job in flight never makes the pool look as if it had run more than it got.
        var completed: UInt64 = 0
        var steals: UInt64 = 0
        var parks: UInt64 = 0
        let count = created.load(ordering: .acquiring)
        for index in 0..<count {
            let worker = workers[index]
            let epochs = (worker.pointee.epoch.load(ordering: .acquiring) - 2) / 2
            // Read after the epoch, these may be too many: better one job too few for a moment.
            let turns = worker.pointee.timerTurns.load(ordering: .relaxed)
            completed += epochs - min(epochs, turns)
            steals += worker.pointee.steals.load(ordering: .relaxed)
            parks += worker.pointee.parks.load(ordering: .relaxed)
        }
        // Before those that were enqueued, of which it is a part.
        let elsewhere = handedOn.load(ordering: .sequentiallyConsistent)
        var local = 0
        var enqueued: UInt64 = 0
        for index in 0..<count {
            let worker = workers[index]
            local += worker.pointee.high.count + worker.pointee.normal.count
            if worker.pointee.slot.load(ordering: .relaxed) != 0 { local += 1 }
            enqueued += worker.pointee.localEnqueues.load(ordering: .relaxed)
        }
        enqueued = enqueued + shared.enqueued - elsewhere
        let state = PoolState(state.load(ordering: .acquiring))
        let (threads, injected, retired) = idle.withLock { ($0.threads, $0.injected, $0.retired) }
        return ThreadPool.Statistics(
            threads: threads, runningThreads: state.running, blockedThreads: state.blocked,
            idleThreads: state.parked, injectedThreads: injected, retiredThreads: retired,
            sharedQueueLength: shared.count, localQueueLength: local, jobsEnqueued: enqueued,
            jobsCompleted: completed, steals: steals, parks: parks, wakeUps: wakeUps.load(ordering: .relaxed),
            rescues: rescues.load(ordering: .relaxed), timersPending: TimerService.shared.pending,
            latency: latency?.quantiles)
    }
}
