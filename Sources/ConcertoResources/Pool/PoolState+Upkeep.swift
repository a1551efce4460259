import Concerto
import ConcertoRuntime

/// What grows old. One timer stands for all resources and leases, at or before the first that is due; leasing and
/// giving back do not move it.
extension PoolState {
    /// When a resource that is not held should be looked at; one that the minimum keeps does not age by idleness.
    private func due(_ index: Int) -> TimerInstant {
        guard let idleLimit = options.idleLimit, live > options.minimum else { return slots[index].expires }
        return min(slots[index].expires, slots[index].returned.advanced(by: idleLimit))
    }

    /// Makes sure that the timer stands early enough for a resource that has just come back.
    mutating func keepUp(with index: Int, _ work: inout PoolWork) {
        // What is held is looked at when it comes back; its time may be over, and a timer for then would fire for ever.
        guard slots[index].used == 0 else { return }
        let standing = upkeep.request?.deadline ?? .distantFuture
        let due = due(index)
        if due < standing { work.upkeep = upkeep.request(at: due) }
    }

    /// Makes sure that the timer stands early enough for a lease that has just begun.
    mutating func watchLease(at now: TimerInstant) -> PendingTimer.Change? {
        guard let leakAfter = options.leakAfter else { return nil }
        let due = now.advanced(by: leakAfter)
        return due < upkeep.request?.deadline ?? .distantFuture ? upkeep.request(at: due) : nil
    }

    /// Closes what is too old, reports what is held for too long, and sets the next timer.
    mutating func tidy(at now: TimerInstant, _ work: inout PoolWork) -> [PoolLeak] {
        var leaks: [PoolLeak] = []
        var next = TimerInstant.distantFuture
        // What has not been used for longest comes first.
        for index in available where slots[index].used == 0 && due(index) <= now { close(index, &work) }
        for index in slots.indices where slots[index].phase == .open {
            if slots[index].used == 0 {
                next = min(next, due(index))
            } else if let leakAfter = options.leakAfter, !slots[index].isReported {
                let due = slots[index].taken.advanced(by: leakAfter)
                guard due <= now else {
                    next = min(next, due)
                    continue
                }
                slots[index].isReported = true
                leaks.append(
                    PoolLeak(
                        pool: totals.name, age: slots[index].taken.duration(to: now),
                        takenAt: slots[index].site.map { "\($0)" } ?? ""))
            }
        }
        if next < .distantFuture { work.upkeep = upkeep.request(at: next) }
        serve(at: now, &work)
        return leaks
    }

    // MARK: From outside

    /// Closes everything that exists: what is idle now, what is leased or being opened when it comes back.
    mutating func evictAll(at now: TimerInstant, _ work: inout PoolWork) {
        generation += 1
        failures = 0
        retryAt = TimerInstant(nanoseconds: .min)
        for index in slots.indices where slots[index].phase == .open { doom(index, &work) }
        serve(at: now, &work)
    }

    mutating func resize(to maximum: Int, at now: TimerInstant, _ work: inout PoolWork) {
        self.maximum = maximum
        shrink(&work)
        serve(at: now, &work)
    }

    /// Closes idle resources above the maximum, the longest unused first.
    private mutating func shrink(_ work: inout PoolWork) {
        var surplus = live + openings.count - maximum
        for index in available where surplus > 0 && slots[index].used == 0 {
            close(index, &work)
            surplus -= 1
        }
    }

    mutating func setCapacity(_ capacity: Int, at now: TimerInstant, _ work: inout PoolWork) {
        self.capacity = capacity
        for index in slots.indices where slots[index].phase == .open && !slots[index].isDoomed {
            if slots[index].used >= capacity {
                unlist(index)
            } else if !slots[index].isListed {
                available.append(index)
                slots[index].isListed = true
            }
        }
        serve(at: now, &work)
    }

    /// Refuses new leases, fails who waits and closes what is idle.
    mutating func shutDown(at now: TimerInstant, _ work: inout PoolWork) -> [Errand<any PooledObject>] {
        guard closedError == nil else { return [] }
        let error = ClosedError("ResourcePool \"\(totals.name)\"")
        closedError = error
        waiters.failAll(with: error, into: &work.wakes)
        work.retry = retry.withdraw()
        work.upkeep = upkeep.withdraw()
        for index in slots.indices where slots[index].phase == .open { doom(index, &work) }
        serve(at: now, &work)
        return openings.values.compactMap { $0 }
    }

    /// Closes what is still leased.
    mutating func closeUnderLeases(at now: TimerInstant, _ work: inout PoolWork) {
        for index in slots.indices where slots[index].phase == .open { close(index, &work) }
        serve(at: now, &work)
    }

    var statistics: PoolStatistics {
        var statistics = totals
        statistics.maximum = maximum
        statistics.total = total
        statistics.opening = openings.count
        statistics.validating = validating
        statistics.waiting = waiters.count
        statistics.generation = generation
        for slot in slots {
            switch slot.phase {
            case .free, .validating: break
            case .open: if slot.used == 0 { statistics.idle += 1 }
            case .closing: statistics.closing += 1
            }
            statistics.inUse += slot.used
        }
        return statistics
    }

    /// The slot whose lease has been held for longest.
    var longestHeld: PoolSlot? {
        slots.filter { $0.used > 0 && $0.phase == .open }.min { $0.taken < $1.taken }
    }
}
