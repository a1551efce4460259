import CConcerto
import Synchronization

extension Scheduler {
    /// Takes a job from the runtime, from any thread.
    @inline(__always)
    func enqueue(_ job: UnownedJob) {
        let slots = concerto_thread_self()
        if slots.pointee.keeps {
            // `_PoolInternals.keepNextJob`: whoever asked starts the job in place.
            slots.pointee.keeps = false
            slots.pointee.kept = unsafeBitCast(job, to: UnsafeMutableRawPointer.self)
            return
        }
        enqueue(Entry(job), flags: concerto_job_flags(unsafeBitCast(job, to: UnsafeRawPointer.self)))
    }

    func enqueue(_ entry: Entry, flags: UInt32) {
        let lane = Lane(flags: flags)
        if observation.isOn { observation.enqueued(entry) }
        if let worker = currentWorker, lane.isLocal, !concerto_thread_self().pointee.urgent {
            enqueueLocally(entry, lane, isYield: flags & 0xFF == Self.yieldKind, worker)
        } else {
            enqueueShared(entry, lane)
        }
    }

    /// The continuation job of `Task.yield`.
    static let yieldKind: UInt32 = 195

    /// Puts an entry at the end of everything that waits for this worker: for jobs that give way to others.
    func enqueueLast(_ entry: Entry, flags: UInt32) {
        let lane = Lane(flags: flags)
        if observation.isOn { observation.enqueued(entry) }
        if let worker = currentWorker, lane.isLocal {
            enqueueLocally(entry, lane, isYield: true, worker)
        } else {
            enqueueShared(entry, lane)
        }
    }

    private func enqueueShared(_ entry: Entry, _ lane: Lane) {
        // Once published, the entry may run, end, and drop the last reference to the pool, whose threads then leave,
        // while this thread is still here. Opaque to the optimiser, which trusts the caller to keep `self`.
        concerto_object_retain(Unmanaged.passUnretained(self).toOpaque())
        defer { concerto_object_release(Unmanaged.passUnretained(self).toOpaque()) }
        if closing.load(ordering: .relaxed), currentWorker == nil { return runElsewhere(entry) }
        // What a timer resumes overtakes its class.
        let overtakes = lane == .normal && concerto_thread_self().pointee.urgent
        shared.enqueue(entry, overtakes ? .high : lane)
        workAdded()
        // The last worker leaves `active` before it looks at the queues for the last time: it or we see the entry.
        if closing.load(ordering: .sequentiallyConsistent) { drainIfDeserted() }
    }

    @inline(__always)
    private func enqueueLocally(_ entry: Entry, _ lane: Lane, isYield: Bool, _ worker: WorkerPointer) {
        worker.pointee.localEnqueues.bump()
        if isYield {
            // In the slot it would run before everybody it gives way to. Alone it needs no other thread: the job that
            // enqueues it is about to end, and its worker finds it right then.
            let alone =
                worker.pointee.slot.load(ordering: .relaxed) == 0 && worker.pointee.normal.isEmptyForOwner
                && worker.pointee.high.isEmptyForOwner
            push(entry, lane, worker)
            if alone { workAddedQuietly() } else { workAdded() }
            return
        }
        let displaced = worker.pointee.slot.exchange(entry.bits, ordering: .sequentiallyConsistent)
        if displaced != 0 {
            let displaced = Entry(bits: displaced)
            push(displaced, displaced.lane, worker)
            workAdded()
        } else if worker.own.pointee.currentKind == Self.yieldKind {
            // What the continuation of a yield resumes runs next, here.
            workAddedQuietly()
        } else {
            slotFilled(worker)
        }
    }

    /// One entry in the slot of a busy worker: it will most likely run there in a moment, and waking a thread for it
    /// would cost more than it. But a job that starts another and computes on wants a second thread. Once in a
    /// while is enough for the latter and too rare to cost the former.
    @inline(__always)
    private func slotFilled(_ worker: WorkerPointer) {
        let state = PoolState(state.load(ordering: .sequentiallyConsistent))
        // Also when a searcher is on its way: it leaves alone the slot of a worker between two jobs.
        if state.monitorSleeps { monitor.wakeUp(self) }
        if state.searching == 0, state.running < limit.load(ordering: .relaxed) {
            let taken = worker.pointee.slotsTaken.load(ordering: .relaxed)
            if worker.own.pointee.slotWakes.isTime(at: concerto_ticks(), taken: taken) { addWorker() }
        }
    }

    @inline(__always)
    private func push(_ entry: Entry, _ lane: Lane, _ worker: WorkerPointer) {
        if lane == .normal {
            while !worker.pointee.normal.push(entry) {
                guard overflow(entry, lane, worker) else { continue }
                return
            }
        } else {
            while !worker.pointee.high.push(entry) {
                guard overflow(entry, lane, worker) else { continue }
                return
            }
        }
    }

    /// Makes room in a full ring: half of it goes to the shared queue, in order, and `entry` after it.
    ///
    /// - Returns: `true` if `entry` is queued, `false` if a thief has made room meanwhile.
    @inline(never)
    private func overflow(_ entry: Entry, _ lane: Lane, _ worker: WorkerPointer) -> Bool {
        let half = lane == .normal ? worker.pointee.normal.popHalf() : worker.pointee.high.popHalf()
        guard var half else {
            // A thief is copying. Wait for it? It may be descheduled: the shared queue takes one entry as well.
            var one = EntryList()
            one.append(entry)
            shared.append(one, lane)
            return true
        }
        half.append(entry)
        shared.append(half, lane)
        return true
    }

    // MARK: Waking

    /// After a job was published where any worker may fetch it (E2, P2, S2 and B2 of the handshake).
    @inline(__always)
    func workAdded() {
        let state = PoolState(state.load(ordering: .sequentiallyConsistent))
        if state.searching != 0 { return }
        if state.running < limit.load(ordering: .relaxed) { return addWorker() }
        if state.monitorSleeps { monitor.wakeUp(self) }
    }

    /// After a job was published that its worker will run in a moment.
    @inline(__always)
    private func workAddedQuietly() {
        if PoolState(state.load(ordering: .sequentiallyConsistent)).monitorSleeps { monitor.wakeUp(self) }
    }

    /// Wakes a parked worker, or starts one, if nobody searches and one more may run.
    @inline(never)
    func addWorker(evenIfSearching: Bool = false) {
        var bits = state.load(ordering: .sequentiallyConsistent)
        while true {
            let present = PoolState(bits)
            guard evenIfSearching || present.searching == 0 else { return }
            guard present.running < limit.load(ordering: .relaxed) else {
                if present.monitorSleeps { monitor.wakeUp(self) }
                return
            }
            let starts = present.parked == 0
            if starts, spare.load(ordering: .relaxed) <= 0 {
                if present.monitorSleeps { monitor.wakeUp(self) }
                return
            }
            var next = bits &+ PoolState.oneActive &+ PoolState.oneSearching
            if !starts { next &-= PoolState.oneParked }
            let (exchanged, current) = state.weakCompareExchange(
                expected: bits, desired: next, ordering: .sequentiallyConsistent)
            guard exchanged else {
                bits = current
                continue
            }
            wakeUps.wrappingAdd(1, ordering: .relaxed)
            // The new searcher is counted from here on, before its thread runs: nobody else wakes one for this job.
            if starts {
                startWorker()
            } else {
                // `parked` was at least 1, and entries are removed only by those who lowered it: there is one.
                let index = idle.withLock { $0.parked.removeLast() }
                workers[index].pointee.wakeUp.signal()
            }
            return
        }
    }

    /// Starts a thread for a searcher that ``state`` already counts.
    @inline(never)
    private func startWorker() {
        let index: Int? = idle.withLock { idle in
            guard idle.threads < configuration.maxThreads else { return nil }
            idle.threads += 1
            spare.store(configuration.maxThreads - idle.threads, ordering: .relaxed)
            if idle.threads > parallelism { idle.injected += 1 }
            if let vacant = idle.vacant.popLast() { return vacant }
            let index = created.load(ordering: .relaxed)
            let worker = WorkerPointer.allocate(capacity: 1)
            worker.initialize(to: Worker(index: index, scheduler: self))
            workers[index] = worker
            created.store(index + 1, ordering: .sequentiallyConsistent)
            return index
        }
        guard let index else { return withdrawSearcher() }
        termination.threadStarts()
        // The thread owns the scheduler until it ends.
        let start = Unmanaged.passRetained(ThreadStart(scheduler: self, worker: workers[index]))
        let error = concerto_thread_start(
            { raw in Unmanaged<ThreadStart>.fromOpaque(raw!).takeRetainedValue().run() },
            start.toOpaque(), "\(configuration.name)-\(index)", configuration.stackSize)
        if error != 0 {
            // No memory or no thread left. What waits is still queued; the monitor tries again.
            start.release()
            failedStarts.wrappingAdd(1, ordering: .relaxed)
            idle.withLock { idle in
                if idle.threads > parallelism { idle.injected -= 1 }
                idle.threads -= 1
                spare.store(configuration.maxThreads - idle.threads, ordering: .relaxed)
                idle.vacant.append(index)
            }
            termination.threadEnds()
            withdrawSearcher()
        }
    }

    private func withdrawSearcher() {
        state.wrappingSubtract(PoolState.oneActive &+ PoolState.oneSearching, ordering: .sequentiallyConsistent)
        // S2 of the handshake: while it was counted, enqueuers relied on it.
        let present = PoolState(state.load(ordering: .sequentiallyConsistent))
        if present.parked > 0, hasWork() { workAdded() } else if present.monitorSleeps { monitor.wakeUp(self) }
        // As the last worker that leaves: whoever queued something meanwhile saw a thread on its way.
        if closing.load(ordering: .sequentiallyConsistent) { drainIfDeserted() }
    }
}

/// What a new thread is told.
private final class ThreadStart {
    let scheduler: Scheduler
    let worker: WorkerPointer

    init(scheduler: Scheduler, worker: WorkerPointer) {
        self.scheduler = scheduler
        self.worker = worker
    }

    func run() { scheduler.work(worker) }
}
