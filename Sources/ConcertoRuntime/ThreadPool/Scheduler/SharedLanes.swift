import Synchronization

/// The queues that belong to no worker: one list a lane under one lock, and a mask that is read without it.
struct SharedLanes: ~Copyable {
    struct Lists {
        var lanes = (EntryList(), EntryList(), EntryList(), EntryList())
        var enqueued: UInt64 = 0

        @inline(__always)
        mutating func with<Result>(_ lane: Lane, _ body: (inout EntryList) -> Result) -> Result {
            switch lane {
            case .high: body(&lanes.0)
            case .normal: body(&lanes.1)
            case .low: body(&lanes.2)
            case .background: body(&lanes.3)
            }
        }
    }

    private let lists = Locked(Lists())
    /// One bit for every lane that holds something. Written under the lock only, and sequentially consistent: it is
    /// the published side of the parking handshake.
    private let mask = Atomic<UInt8>(0)

    @inline(__always)
    var isEmpty: Bool { mask.load(ordering: .sequentiallyConsistent) == 0 }

    @inline(__always)
    func holds(_ lane: Lane) -> Bool { mask.load(ordering: .relaxed) & (1 << lane.rawValue) != 0 }

    /// The mask as a worker sees it between two jobs.
    @inline(__always)
    var lanes: UInt8 { mask.load(ordering: .relaxed) }

    /// How many entries wait.
    var count: Int {
        lists.withLock { $0.lanes.0.count + $0.lanes.1.count + $0.lanes.2.count + $0.lanes.3.count }
    }

    /// Entries that came from outside of the workers, in all.
    var enqueued: UInt64 { lists.withLock { $0.enqueued } }

    /// Adds an entry that comes from outside of the workers.
    func enqueue(_ entry: Entry, _ lane: Lane) {
        lists.withLock { lists in
            lists.enqueued &+= 1
            lists.with(lane) { $0.append(entry) }
            publish(lane)
        }
    }

    /// Moves entries over from a worker.
    func append(_ entries: EntryList, _ lane: Lane) {
        lists.withLock { lists in
            lists.with(lane) { $0.append(entries) }
            publish(lane)
        }
    }

    /// Takes the first entry of `lane`, and a fair share of the rest, at most `limit`, for the caller's own queue.
    func take(_ lane: Lane, share: Int, limit: Int, into queue: (Entry) -> Void) -> Entry? {
        guard holds(lane) else { return nil }
        return lists.withLock { lists in
            lists.with(lane) { list in
                guard let first = list.popFirst() else { return nil }
                // A fair share and no more: what one worker takes the others have to steal back.
                var extra = min(limit, list.count / share)
                while extra > 0, let entry = list.popFirst() {
                    queue(entry)
                    extra -= 1
                }
                if list.isEmpty { withdraw(lane) }
                return first
            }
        }
    }

    @inline(__always)
    private func publish(_ lane: Lane) {
        let bit = UInt8(1) << lane.rawValue
        let present = mask.load(ordering: .relaxed)
        // Also when the bit is set already: the store is what orders the entry before the look for sleepers.
        mask.store(present | bit, ordering: .sequentiallyConsistent)
    }

    @inline(__always)
    private func withdraw(_ lane: Lane) {
        mask.store(mask.load(ordering: .relaxed) & ~(1 << lane.rawValue), ordering: .sequentiallyConsistent)
    }
}
