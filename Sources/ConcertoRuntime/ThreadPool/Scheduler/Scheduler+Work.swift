import CConcerto
import Synchronization

extension Scheduler {
    /// The life of a worker's thread.
    func work(_ worker: WorkerPointer) {
        let slots = concerto_thread_self()
        slots.pointee.worker = UnsafeMutableRawPointer(worker)
        slots.pointee.pool = owner
        worker.pointee.threadID.store(concerto_thread_id(), ordering: .releasing)
        holders.insert(worker.pointee.index)
        if configuration.reportsBlocking { concerto_stack_prepare() }
        observation.threadStarted(worker.pointee.index)
        // Whoever started or woke this thread has counted it as a searcher.
        var searching = true
        while true {
            if PoolState(state.load(ordering: .relaxed)).running > parallelism {
                // A searcher has not run anything since it was woken; the others have just ended a job, and so not
                // everything blocks: the monitor's raised limit has had its time.
                if !searching, limit.load(ordering: .relaxed) > parallelism {
                    limit.store(parallelism, ordering: .sequentiallyConsistent)
                }
                if let outcome = parkSurplus(worker, searching: searching) {
                    guard outcome == .woken else { break }
                    searching = true
                    continue
                }
            }
            // Not as a searcher, on whom enqueuers rely.
            if !searching, worker.own.pointee.tick & 15 == 15, TimerService.shared.isDue { driveTimers(worker) }
            var found = next(worker)
            if found == nil {
                if !searching { searching = becomeSearcher() }
                if searching { found = search(worker) }
            }
            if let found {
                if searching {
                    searching = false
                    stopSearching()
                }
                run(found, worker)
            } else {
                guard park(worker, searching: searching) == .woken else { break }
                searching = true
            }
        }
    }

    // MARK: Running

    @inline(__always)
    private func run(_ entry: Entry, _ worker: WorkerPointer) {
        let epoch = worker.pointee.epoch.load(ordering: .relaxed)
        worker.pointee.epoch.store(epoch &+ 1, ordering: .relaxed)
        if _slowPath(observation.isOn) { runObserved(entry, worker) } else { start(entry, worker) }
        // What one job leaves in its thread is not for the next one to see.
        concerto_clear_errno()
        worker.pointee.epoch.store(epoch &+ 2, ordering: .relaxed)
        if worker.pointee.blockedMark.load(ordering: .relaxed) != 0 { recover(worker) }
    }

    @inline(__always)
    private func start(_ entry: Entry, _ worker: WorkerPointer) {
        if let item = entry.workItem {
            worker.own.pointee.currentKind = 0
            WorkItem.run(item)
        } else {
            let flags = entry.flags
            worker.own.pointee.currentKind = flags & 0xFF
            worker.own.pointee.endedSleep = flags & 0xFFFF == 0
            let job = unsafeBitCast(entry.bits, to: UnownedJob.self)
            // A task keeps the pool that it prefers. An actor's job runs all that wait for the actor: the task whose pool this
            // is may have ended elsewhere, and the pool with it, before the last of them asks for ``ThreadPool/current``.
            if flags & 0xFF == Self.actorKind, !isDefault {
                concerto_object_retain(owner)
                job.runSynchronously(on: executor)
                concerto_object_release(owner)
            } else {
                job.runSynchronously(on: executor)
            }
        }
    }

    /// The job of a default actor, which runs what waits for it.
    private static let actorKind: UInt32 = 193

    @inline(never)
    private func runObserved(_ entry: Entry, _ worker: WorkerPointer) {
        let job = observation.starts(entry, self, worker.pointee.index)
        start(entry, worker)
        observation.ends(job, worker.pointee.index)
    }

    /// Resumes tasks whose time has come. To the monitor it is a job: its slot can be stolen, and should an executor
    /// block while it takes a job, the worker is replaced.
    @inline(never)
    private func driveTimers(_ worker: WorkerPointer) {
        // A yield may have left its continuation here without a word, to be found at once (E2).
        if !worker.pointee.normal.isEmptyForOwner || !worker.pointee.high.isEmptyForOwner { workAdded() }
        let epoch = worker.pointee.epoch.load(ordering: .relaxed)
        worker.pointee.epoch.store(epoch &+ 1, ordering: .relaxed)
        worker.own.pointee.currentKind = 0
        TimerService.shared.lendHand()
        worker.pointee.timerTurns.bump()
        worker.pointee.epoch.store(epoch &+ 2, ordering: .releasing)
        if worker.pointee.blockedMark.load(ordering: .relaxed) != 0 { recover(worker) }
    }

    /// The monitor found this worker blocked, and it came back.
    @inline(never)
    private func recover(_ worker: WorkerPointer) {
        guard worker.pointee.blockedMark.exchange(0, ordering: .sequentiallyConsistent) != 0 else { return }
        state.wrappingSubtract(PoolState.oneBlocked, ordering: .sequentiallyConsistent)
        observation.workerRecovered(worker.pointee.index)
    }

    // MARK: Choosing

    /// The next entry of the worker's own queues and the shared lanes, by priority.
    ///
    /// Ageing, per worker: of 16 picks one begins with the normal lane, of 64 one with the low lane, of 256 one with
    /// the background lane. So every lane moves however full those above it are, and within a lane local and shared
    /// work both do.
    @inline(__always)
    private func next(_ worker: WorkerPointer) -> Entry? {
        worker.own.pointee.tick &+= 1
        let tick = worker.own.pointee.tick
        if tick & 15 == 0 {
            if let aged = nextAged(worker, tick) { return aged }
        }

        var highWaits = shared.holds(.high) || !worker.pointee.high.isEmptyForOwner
        // Before the slot and the ring, which jobs of this lane can keep filled for ever.
        if highWaits, tick & 63 == 33, let entry = shared.take(.high, share: 1, limit: 0, into: { _ in }) {
            return entry
        }
        if worker.pointee.slot.load(ordering: .relaxed) != 0,
            let entry = takeSlot(worker, highWaits: highWaits)
        {
            return entry
        }
        worker.own.pointee.slotRun = 0
        // `takeSlot` may have put it there.
        highWaits = highWaits || !worker.pointee.high.isEmptyForOwner
        if highWaits {
            if let entry = worker.pointee.high.pop() { return entry }
            if let entry = takeShared(.high, worker) { return entry }
        }
        if let entry = worker.pointee.normal.pop() { return entry }
        guard shared.lanes != 0 else { return nil }
        return takeShared(.normal, worker)
            ?? shared.take(.low, share: 1, limit: 0, into: { _ in })
            ?? shared.take(.background, share: 1, limit: 0, into: { _ in })
    }

    /// Takes the slot's entry, unless something else should go first: then it goes to the end of its queue.
    @inline(__always)
    private func takeSlot(_ worker: WorkerPointer, highWaits: Bool) -> Entry? {
        let bits = worker.pointee.slot.exchange(0, ordering: .acquiringAndReleasing)
        // A thief was faster.
        guard bits != 0 else { return nil }
        let entry = Entry(bits: bits)
        // What the end of a `Task.sleep` has just resumed has waited long enough: it goes before other such ends.
        let yields = highWaits && entry.lane == .normal && !worker.own.pointee.endedSleep
        if _slowPath(yields || worker.own.pointee.slotRun >= Self.slotRunLimit) {
            worker.own.pointee.slotRun = 0
            let isNormal = entry.lane == .normal
            // Nobody waits for the two to come to an end: a second thread would only take one of them from the other.
            let ends = highWaits || isNormal && (!worker.pointee.normal.isEmptyForOwner || shared.holds(.normal))
            // Full rings are no reason to let it go last.
            guard ends, isNormal ? worker.pointee.normal.push(entry) : worker.pointee.high.push(entry) else {
                return entry
            }
            // E2: until now it was the owner's next, and nobody had to be told.
            workAdded()
            return nil
        }
        worker.own.pointee.slotRun &+= 1
        return entry
    }

    /// Two jobs that wake each other could pass the slot to and fro for ever.
    private static let slotRunLimit: UInt32 = 32

    @inline(never)
    private func nextAged(_ worker: WorkerPointer, _ tick: UInt32) -> Entry? {
        // A system call: too much after every job.
        let now = concerto_ticks()
        if now &- worker.own.pointee.namedAt > concerto_ticks_50us() {
            worker.own.pointee.namedAt = now
            concerto_thread_restore_name()
        }
        if tick & 255 == 0 {
            if let entry = shared.take(.background, share: 1, limit: 0, into: { _ in }) { return entry }
        }
        if tick & 63 == 0, let entry = shared.take(.low, share: 1, limit: 0, into: { _ in }) { return entry }
        // Both halves of the normal lane in turn.
        if tick & 16 == 0, let entry = shared.take(.normal, share: 1, limit: 0, into: { _ in }) { return entry }
        return worker.pointee.normal.pop() ?? shared.take(.normal, share: 1, limit: 0, into: { _ in })
    }

    @inline(__always)
    private func takeShared(_ lane: Lane, _ worker: WorkerPointer) -> Entry? {
        guard shared.holds(lane) else { return nil }
        let room = lane == .normal ? worker.pointee.normal.room : worker.pointee.high.room
        return shared.take(lane, share: parallelism + 1, limit: min(Self.batch, room)) { entry in
            let pushed = lane == .normal ? worker.pointee.normal.push(entry) : worker.pointee.high.push(entry)
            precondition(pushed, "a ring has less room than its owner saw")
        }
    }

    /// How many entries one look at the shared queue may bring, at most: one lock for many jobs.
    private static let batch = 63

    // MARK: Searching

    private func becomeSearcher() -> Bool {
        var bits = state.load(ordering: .relaxed)
        while true {
            let present = PoolState(bits)
            // Half of those that run may search; more would only meet each other.
            guard 2 * present.searching < max(1, present.running) else { return false }
            let (exchanged, current) = state.weakCompareExchange(
                expected: bits, desired: bits &+ PoolState.oneSearching, ordering: .sequentiallyConsistent)
            if exchanged { return true }
            bits = current
        }
    }

    /// S1 and S2 of the handshake.
    @inline(never)
    private func stopSearching() {
        let (old, _) = state.wrappingSubtract(PoolState.oneSearching, ordering: .sequentiallyConsistent)
        // The last one wakes the next: so a burst wakes threads one after the other, for as long as there is work.
        if PoolState(old).searching == 1, hasWork() { workAdded() }
    }

    @inline(never)
    private func search(_ worker: WorkerPointer) -> Entry? {
        for round in 1...Self.searchRounds {
            if let entry = steal(worker, evenSlots: round == Self.searchRounds) { return entry }
            if let entry = next(worker) { return entry }
            for _ in 0..<Self.pausesPerRound { concerto_relax() }
        }
        return nil
    }

    private static let searchRounds = 8
    private static let pausesPerRound = 16

    /// One look at every other worker, from a random one on.
    private func steal(_ worker: WorkerPointer, evenSlots: Bool) -> Entry? {
        let count = created.load(ordering: .acquiring)
        guard count > 1 else { return nil }
        return holders.first(from: Int(worker.own.pointee.nextRandom() % UInt32(count))) { index in
            let victim = workers[index]
            if victim == worker { return nil }
            if let entry = victim.pointee.high.steal(into: worker.pointee.high)
                ?? victim.pointee.normal.steal(into: worker.pointee.normal)
            {
                worker.pointee.steals.bump()
                return entry
            }
            if victim.pointee.slot.load(ordering: .relaxed) != 0,
                evenSlots || victim.pointee.blockedMark.load(ordering: .relaxed) != 0,
                let entry = stealSlot(victim)
            {
                worker.pointee.steals.bump()
                return entry
            }
            return nil
        }
    }

    /// Takes the slot of a worker that stays in one job: one that is between jobs runs the entry itself, sooner.
    private func stealSlot(_ victim: WorkerPointer) -> Entry? {
        if victim.pointee.blockedMark.load(ordering: .relaxed) == 0 {
            let epoch = victim.pointee.epoch.load(ordering: .acquiring)
            for _ in 0..<Self.slotPatience { concerto_relax() }
            guard epoch & 1 == 1, victim.pointee.epoch.load(ordering: .acquiring) == epoch else { return nil }
        }
        let bits = victim.pointee.slot.exchange(0, ordering: .acquiringAndReleasing)
        guard bits != 0 else { return nil }
        victim.pointee.slotsTaken.wrappingAdd(1, ordering: .relaxed)
        return Entry(bits: bits)
    }

    private static let slotPatience = 64
}
