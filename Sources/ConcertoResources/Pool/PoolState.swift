import Concerto
import ConcertoResilience
import ConcertoRuntime

/// What a pool knows; every function is called under its lock and says in ``PoolWork`` what is left to do outside.
///
/// **Invariants**, at the end of each function that ends in ``serve(at:_:)``:
///
/// 1. *Never too many.* Slots that are not free and openings together are at most `maximum`, but after `maximum` was
///    lowered, when they only become fewer. What is being closed counts: its server still has it.
/// 2. *Nobody waits in vain.* While somebody waits, nothing that could be leased is listed, and for each who waits a
///    validation or an opening is under way, or the pool is full, or all that may be opened at a time is being opened,
///    or after a failure the timer for the next try stands. Each of those ends in a call of a function that ends in
///    `serve`.
/// 3. *A slot is in one place.* `isListed` says that its index stands in `available`; that holds if and only if it is
///    `open`, not doomed, and holds fewer than `capacity` leases.
struct PoolState: ~Copyable {
    /// Who waits for a lease.
    static var leaseWeight: Int { 0 }
    /// Who waits until nothing is left of a pool that was shut down.
    static var emptyWeight: Int { -1 }
    /// Who waits until as many resources are open as are to be kept.
    static var readyWeight: Int { -2 }

    let options: PoolOptions
    var maximum: Int
    var capacity: Int
    var slots: [PoolSlot] = []
    var freeSlots: [Int] = []
    /// What can be leased; what was used last stands last and is taken first, so that the rest can grow old.
    var available: [Int] = []
    var waiters = WaiterQueue()
    var readyWatchers = WaiterQueue()
    var emptyWatchers = WaiterQueue()
    /// By number.
    var openings: [UInt64: Errand<any PooledObject>?] = [:]
    var validating = 0
    var generation: UInt64 = 0
    var tickets: UInt64 = 0
    /// Consecutive openings that failed.
    var failures = 0
    var openError: (any Error)?
    var backoffState = Backoff.State()
    var retryAt = TimerInstant(nanoseconds: .min)
    var retry = PendingTimer()
    var upkeep = PendingTimer()
    /// Whether `minimum` counts.
    var isStarted = false
    var closedError: ClosedError?
    var totals = PoolStatistics()

    init(_ options: PoolOptions, name: String) {
        totals.name = name
        self.options = options
        maximum = options.maximum
        capacity = options.leasesPerResource
    }

    var occupied: Int { slots.count - freeSlots.count }
    var total: Int { occupied + openings.count }

    /// How many are open and stay so.
    private(set) var live = 0

    // MARK: Giving out

    /// Gives out what can be given at once, unless others wait.
    mutating func take(at now: TimerInstant, _ site: PoolSite, _ holder: UInt) -> Int? {
        guard waiters.isEmpty, let index = available.last, isFresh(index, at: now) else { return nil }
        lease(index, at: now, site, holder)
        return index
    }

    func isFresh(_ index: Int, at now: TimerInstant) -> Bool {
        guard slots[index].used == 0 else { return true }
        return slots[index].expires > now
            && slots[index].returned.nanoseconds &+ validateAfter >= now.nanoseconds
    }

    /// In nanoseconds, so small that it can be added to any time.
    private var validateAfter: Int64 { min(options.validateAfter.saturatingNanoseconds, .max / 4) }

    /// Gives out the last of `available`.
    private mutating func lease(_ index: Int, at now: TimerInstant, _ site: PoolSite?, _ holder: UInt) {
        slots[index].used += 1
        slots[index].taken = now
        slots[index].site = site
        slots[index].holder = holder
        slots[index].isReported = false
        totals.leases += 1
        if slots[index].used >= capacity {
            available.removeLast()
            slots[index].isListed = false
        }
    }

    /// Takes a lease back.
    ///
    /// - Returns: Whether nothing else has to be done, the common case.
    mutating func giveBack(
        _ index: Int, _ ticket: UInt64, isBroken: Bool, at now: TimerInstant, _ work: inout PoolWork
    ) -> Bool {
        // It was closed under the lease, and its place may have another by now.
        guard slots[index].ticket == ticket, slots[index].phase == .open else { return true }
        slots[index].used -= 1
        slots[index].holder = 0
        slots[index].returned = now
        totals.useTime += slots[index].taken.duration(to: now)
        if isBroken || slots[index].isDoomed || closedError != nil || slots[index].expires <= now
            || slots[index].generation != generation || live > maximum
        {
            doom(index, &work)
        } else if slots[index].used < capacity, !slots[index].isListed {
            available.append(index)
            slots[index].isListed = true
            if waiters.isEmpty {
                keepUp(with: index, &work)
                return work.upkeep == nil
            }
        } else if waiters.isEmpty {
            // One of several leases: the resource was listed all the time, and grows old from now on.
            keepUp(with: index, &work)
            return work.upkeep == nil
        }
        serve(at: now, &work)
        return false
    }

    /// Closes a resource as soon as nobody holds it.
    mutating func doom(_ index: Int, _ work: inout PoolWork) {
        condemn(index)
        if slots[index].used == 0 { close(index, &work) }
    }

    private mutating func condemn(_ index: Int) {
        unlist(index)
        guard !slots[index].isDoomed else { return }
        slots[index].isDoomed = true
        live -= 1
    }

    mutating func unlist(_ index: Int) {
        guard slots[index].isListed else { return }
        slots[index].isListed = false
        if let place = available.lastIndex(of: index) { available.remove(at: place) }
    }

    /// Closes a resource, also under a lease that holds it.
    mutating func close(_ index: Int, _ work: inout PoolWork) {
        condemn(index)
        slots[index].phase = .closing
        guard let resource = slots[index].resource.take() else { return }
        work.closings.append(PoolVisit(index: index, ticket: slots[index].ticket, resource: resource))
    }

    // MARK: What has been done outside

    mutating func opened(
        _ opening: PoolOpening, _ resource: any PooledObject, at now: TimerInstant, _ work: inout PoolWork
    ) {
        openings[opening.number] = nil
        failures = 0
        openError = nil
        backoffState = Backoff.State()
        totals.opened += 1
        totals.openTime += opening.since.duration(to: now)
        work.retry = retry.withdraw()
        let index = place(resource, opening.generation, at: now)
        if opening.generation != generation || closedError != nil || live > maximum {
            close(index, &work)
        } else {
            available.append(index)
            slots[index].isListed = true
        }
        serve(at: now, &work)
    }

    private mutating func place(_ resource: any PooledObject, _ generation: UInt64, at now: TimerInstant) -> Int {
        tickets += 1
        live += 1
        var slot = PoolSlot(phase: .open, resource: resource, ticket: tickets, generation: generation)
        slot.returned = now
        if let lifetime = options.lifetime {
            // Drawn once: a new draw at each look would end everything at the shortest.
            slot.expires = now.advanced(by: lifetime * (1 - options.lifetimeJitter * options.random.nextUnit()))
        }
        guard let index = freeSlots.popLast() else {
            slots.append(slot)
            return slots.count - 1
        }
        slots[index] = slot
        return index
    }

    mutating func openingFailed(
        _ opening: PoolOpening, _ error: any Error, at now: TimerInstant, _ work: inout PoolWork
    ) {
        openings[opening.number] = nil
        if closedError == nil && opening.generation == generation {
            failures += 1
            totals.openFailures += 1
            openError = error
            let delay = options.backoff.delay(beforeRetry: failures - 1, state: &backoffState) {
                options.random.nextUnit()
            }
            retryAt = now.advanced(by: delay)
            if options.failsFast && live == 0 { waiters.failAll(with: error, into: &work.wakes) }
        }
        serve(at: now, &work)
    }

    mutating func validated(_ visit: PoolVisit, _ isValid: Bool, at now: TimerInstant, _ work: inout PoolWork) {
        guard slots[visit.index].ticket == visit.ticket, slots[visit.index].phase == .validating else { return }
        validating -= 1
        slots[visit.index].phase = .open
        slots[visit.index].returned = now
        if !isValid { totals.validationFailures += 1 }
        if !isValid || closedError != nil || slots[visit.index].generation != generation || live > maximum {
            doom(visit.index, &work)
        } else {
            available.append(visit.index)
            slots[visit.index].isListed = true
        }
        serve(at: now, &work)
    }

    mutating func closed(_ visit: PoolVisit, at now: TimerInstant, _ work: inout PoolWork) {
        guard slots[visit.index].ticket == visit.ticket, slots[visit.index].phase == .closing else { return }
        slots[visit.index] = PoolSlot()
        freeSlots.append(visit.index)
        totals.closed += 1
        serve(at: now, &work)
    }

    // MARK: Who waits

    /// The names that a lease needs once it has been granted; `nil` if the pool was closed under it meanwhile.
    mutating func begin(_ index: Int, _ site: PoolSite, _ holder: UInt) -> (ticket: UInt64, resource: any PooledObject)?
    {
        guard let resource = slots[index].resource else { return nil }
        slots[index].site = site
        slots[index].holder = holder
        return (slots[index].ticket, resource)
    }

    mutating func admit(
        _ waiter: Waiter, at now: TimerInstant, _ site: PoolSite, _ holder: UInt, _ work: inout PoolWork
    ) -> Bool {
        if waiter.hasLeft { return false }
        if let closedError {
            waiter.error = closedError
            return waiter.settle(.failed)
        }
        isStarted = true
        if let index = take(at: now, site, holder) {
            waiter.weight = index
            return waiter.settle(.granted)
        }
        // An opening may still help; a full pool must wait for somebody like this task.
        if !options.allowsNestedWaits, holder != 0, total >= maximum, available.isEmpty,
            let held = slots.first(where: { $0.holder == holder })
        {
            waiter.error = NestedLeaseError(pool: totals.name, heldSince: held.site.map { "\($0)" } ?? "")
            return waiter.settle(.failed)
        }
        guard waiters.append(waiter) else { return false }
        totals.waits += 1
        serve(at: now, &work)
        return true
    }

    /// Gives to those who wait, and starts what they, and the minimum, need.
    mutating func serve(at now: TimerInstant, _ work: inout PoolWork) {
        while !waiters.isEmpty, let index = available.last {
            if isFresh(index, at: now) {
                waiters.first?.weight = index
                lease(index, at: now, nil, 0)
                _ = waiters.grantFirst(into: &work.wakes)
            } else if slots[index].expires <= now {
                close(index, &work)
            } else if let resource = slots[index].resource, waiters.count > validating * capacity {
                // Also while others are being opened: asking one that is there takes a moment, opening one may hang.
                unlist(index)
                slots[index].phase = .validating
                validating += 1
                work.validations.append(PoolVisit(index: index, ticket: slots[index].ticket, resource: resource))
            } else {
                break
            }
        }
        open(at: now, &work)
        if let index = available.last { keepUp(with: index, &work) }
        if closedError != nil || live >= min(options.minimum, maximum) { readyWatchers.grantAll(into: &work.wakes) }
        if total == 0 { emptyWatchers.grantAll(into: &work.wakes) }
    }

    private mutating func open(at now: TimerInstant, _ work: inout PoolWork) {
        guard closedError == nil, isStarted else { return }
        let uncovered = waiters.count - (validating + openings.count) * capacity
        let needed = (max(0, uncovered) + capacity - 1) / capacity
        let missing = options.minimum == 0 ? 0 : min(options.minimum, maximum) - live - openings.count
        var wanted = max(needed, missing)
        guard wanted > 0 else { return }
        if failures > 0 && now < retryAt {
            if retry.request?.deadline != retryAt { work.retry = retry.request(at: retryAt) }
            return
        }
        // While all openings fail one tries for all.
        let atOnce = failures > 0 ? 1 : options.maximumOpening
        while wanted > 0, total < maximum, openings.count < atOnce {
            tickets += 1
            wanted -= 1
            openings[tickets] = .some(nil)
            work.openings.append(PoolOpening(number: tickets, generation: generation, since: now))
        }
    }

    mutating func watch(_ waiter: Waiter, at now: TimerInstant, _ work: inout PoolWork) -> Bool {
        if waiter.hasLeft { return false }
        let isForReady = waiter.weight == Self.readyWeight
        if isForReady { isStarted = true }
        guard isForReady ? readyWatchers.append(waiter) : emptyWatchers.append(waiter) else { return false }
        serve(at: now, &work)
        return true
    }

    mutating func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome, into wakes: inout WakeList) {
        switch waiter.weight {
        case Self.readyWeight: _ = readyWatchers.withdraw(waiter, as: outcome, into: &wakes)
        case Self.emptyWeight: _ = emptyWatchers.withdraw(waiter, as: outcome, into: &wakes)
        default: if waiters.withdraw(waiter, as: outcome, into: &wakes), outcome == .timedOut { totals.timeouts += 1 }
        }
    }
}
