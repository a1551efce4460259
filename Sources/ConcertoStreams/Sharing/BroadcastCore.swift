public import Concerto
public import ConcertoRuntime

/// The ring of a hub, and who reads it.
///
/// Elements are numbered from 0 on, and the ring holds the newest ones, as many as a subscriber may have before it. Each
/// subscriber has the number of its next element; one that has fallen behind the ring finds out when it reads. So an element
/// costs the same for one subscriber and for a thousand that are busy.
///
/// Where the slowest sets the pace, a subscriber takes up to half of what may wait for it at once, and the source goes on
/// when every subscriber has half of its places free: so they wake each other twice a ring and not with every element.
@usableFromInline
final class BroadcastCore<Element: Sendable>: WaiterHost {
    /// A subscriber. Its fields are protected by the hub's lock.
    @usableFromInline
    final class Seat: @unchecked Sendable {
        /// The number of the next element that it takes.
        @usableFromInline @exclusivity(unchecked) var position: Int
        /// The number of the oldest element that its loop does not have yet.
        @usableFromInline @exclusivity(unchecked) var kept: Int
        @usableFromInline @exclusivity(unchecked) var lagged = 0
        @usableFromInline @exclusivity(unchecked) var isDisconnected = false
        var hasLeft = false

        init(position: Int) {
            self.position = position
            kept = position
        }
    }

    @usableFromInline
    enum Taken {
        case some
        case end
        case failure(any Error)
        case nothing
    }

    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let element: Element
        @usableFromInline let at: TimerInstant

        @inlinable
        init(element: Element, at: TimerInstant) {
            self.element = element
            self.at = at
        }
    }

    @usableFromInline
    struct State: ~Copyable, @unchecked Sendable {  // only used under the lock
        @usableFromInline var ring = StreamRing<Entry>()
        /// The number of the ring's first element.
        @usableFromInline var first = 0
        /// No subscriber is at an element before this one.
        @usableFromInline var slowest = 0
        @usableFromInline var seats: [ObjectIdentifier: Seat] = [:]
        @usableFromInline var readers = WaiterQueue()
        @usableFromInline var source = WaiterQueue()
        @usableFromInline var task: Task<Void, Never>?
        /// Counts the openings: what an old source still says is not heard.
        @usableFromInline var generation = 0
        /// How many have joined since the source was last closed.
        @usableFromInline var joined = 0
        @usableFromInline var isOpen = false
        @usableFromInline var hasEnded = false
        @usableFromInline var error: (any Error)?
        @usableFromInline var timer: (any ScheduledTimer)?

        @inlinable
        init() {}

        /// The number of the next element.
        @inlinable
        var end: Int { first + ring.count }

        /// How far the slowest is behind.
        @inlinable
        mutating func lag() -> Int {
            var slowest = end
            for seat in seats.values where seat.kept < slowest { slowest = seat.kept }
            self.slowest = slowest
            return end - slowest
        }
    }

    @usableFromInline let state = Guarded(State())
    private let replay: Int
    @usableFromInline let replayAge: Duration?
    @usableFromInline let policy: Broadcast<Element>.SlowConsumers
    /// How many elements may wait for a subscriber; a replay is no lag.
    @usableFromInline let allowance: Int
    /// How many elements a subscriber takes at once.
    @usableFromInline let batch: Int
    /// How many have to join before the source is opened.
    private let quorum: Int

    /// Whether the source is opened for several together.
    @usableFromInline var waitsForSubscribers: Bool { quorum > 1 }
    private let linger: Duration
    @usableFromInline let clock: any TimerClock
    private let run: @Sendable (BroadcastCore, Int) async -> Void

    @usableFromInline
    init(
        replay: Int, replayAge: Duration?, policy: Broadcast<Element>.SlowConsumers, linger: Duration, quorum: Int,
        clock: any TimerClock, _ run: @escaping @Sendable (BroadcastCore, Int) async -> Void
    ) {
        self.replay = replay
        self.replayAge = replayAge
        self.policy = policy
        switch policy {
        case .wait:
            allowance = max(16, replay)
            batch = allowance / 2
        case .dropOldest(let count), .disconnect(after: let count):
            allowance = max(count, replay)
            // What has been taken could not be dropped any more.
            batch = 1
        }
        self.linger = linger
        self.quorum = quorum
        self.clock = clock
        self.run = run
    }

    @usableFromInline
    var subscribers: Int { state.withLock { $0.seats.count } }

    // MARK: The source

    /// Whether more is wanted.
    @usableFromInline
    enum Demand {
        case more
        case wait
        case none
    }

    @inlinable
    func publish(_ element: Element, _ generation: Int) -> Demand {
        let now = replayAge == nil ? TimerInstant(nanoseconds: 0) : clock.now
        var wakes = WakeList()
        // Goes after the lock has been given back: an element's `deinit` is the user's, and may come here.
        var dropped: Entry?
        let demand = state.withLock { state -> Demand in
            guard state.generation == generation, state.isOpen else { return .none }
            state.ring.append(Entry(element: element, at: now))
            // A subscriber that is further behind finds out when it reads.
            if state.ring.count > allowance {
                dropped = state.ring.popFirst()
                state.first += 1
            }
            if !state.readers.isEmpty { state.readers.grantAll(into: &wakes) }
            return policy == .wait && isAtLimit(&state) ? .wait : .more
        }
        wakes.resume()
        withExtendedLifetime(dropped) {}
        return demand
    }

    /// Whether the slowest has as much before it as it may have.
    @inlinable
    func isAtLimit(_ state: inout State) -> Bool {
        // It cannot have moved back: to look is only worth it where it could be.
        state.end - state.slowest >= allowance && state.lag() >= allowance
    }

    @usableFromInline
    func waitForSlowest(_ generation: Int) async -> Bool {
        let waiter = Waiter(of: self, weight: 1)
        _ = await waiter.wait {
            state.withLock { state in
                state.generation == generation && state.isOpen && isAtLimit(&state)
                    ? state.source.append(waiter) : waiter.settle(.granted)
            }
        }
        return state.withLock { $0.generation == generation && $0.isOpen }
    }

    @usableFromInline
    func end(_ error: (any Error)?, _ generation: Int) {
        var wakes = WakeList()
        let timer = state.withLock { state -> (any ScheduledTimer)? in
            guard state.generation == generation, state.isOpen else { return nil }
            state.isOpen = false
            state.hasEnded = true
            state.error = error
            state.readers.grantAll(into: &wakes)
            return state.timer.take()
        }
        timer?.cancel()
        wakes.resume()
    }

    // MARK: Subscribers

    @usableFromInline
    func join() -> Seat {
        let now = replayAge == nil ? TimerInstant(nanoseconds: 0) : clock.now
        let placement = StreamPlacement.current
        let (seat, opens, timer) = state.withLock { state in
            var position = max(state.first, state.end - replay)
            if let replayAge {
                while position < state.end, state.ring[position - state.first].at.duration(to: now) > replayAge {
                    position += 1
                }
            }
            let seat = Seat(position: position)
            let timer = state.timer.take()
            guard !state.hasEnded else { return (seat, false, timer) }
            state.seats[ObjectIdentifier(seat)] = seat
            state.slowest = min(state.slowest, position)
            state.joined += 1
            let opens = !state.isOpen && state.joined >= quorum
            if opens {
                state.isOpen = true
                state.generation += 1
            }
            return (seat, opens, timer)
        }
        timer?.cancel()
        if opens { open(placement) }
        return seat
    }

    private func open(_ placement: (any TaskExecutor)?) {
        let generation = state.withLock { $0.generation }
        let task = StreamTask.start(on: placement) { await self.run(self, generation) }
        let isClosed = state.withLock { state in
            guard state.generation == generation, state.isOpen else { return true }
            state.task = task
            return false
        }
        // The source may have ended meanwhile, and then nothing is cancelled by this.
        if isClosed { task.cancel() }
    }

    /// Takes what is there, `batch` elements at most, into `hand`, which is empty; what was in it is with the loop by now.
    @inlinable
    func refill(_ hand: inout StreamRing<Element>, _ seat: Seat) -> Taken {
        var wakes = WakeList()
        let taken = state.withLock { state -> Taken in
            let floor = state.end - allowance
            if seat.position < floor {
                if case .disconnect = policy { seat.isDisconnected = true }
                seat.lagged += floor - seat.position
                seat.position = floor
            }
            if seat.isDisconnected { return .failure(SlowConsumerError(limit: allowance)) }
            let count = min(batch, state.end - seat.position)
            for index in 0..<count { hand.append(state.ring[seat.position - state.first + index].element) }
            seat.position += count
            // The loop gets the first at once.
            seat.kept = count == 0 ? seat.position : seat.position - count + 1
            // The source goes on, but not for one element at a time.
            if !state.source.isEmpty, state.end - seat.kept <= allowance / 2, state.lag() <= allowance / 2 {
                state.source.grantAll(into: &wakes)
            }
            if count > 0 { return .some }
            guard state.hasEnded else { return .nothing }
            return state.error.map { .failure($0) } ?? .end
        }
        wakes.resume()
        return taken
    }

    /// - Returns: `false` if the subscriber has been cancelled.
    @usableFromInline
    nonisolated(nonsending)
        func wait(_ seat: Seat) async -> Bool
    {
        let waiter = Waiter(of: self, weight: 2)
        let outcome = await waiter.wait {
            state.withLock { state in
                seat.position < state.end || state.hasEnded || seat.isDisconnected
                    ? waiter.settle(.granted) : state.readers.append(waiter)
            }
        }
        return outcome == .granted
    }

    @usableFromInline
    func lagged(_ seat: Seat) -> Int { state.withLock { _ in seat.lagged } }

    @usableFromInline
    func leave(_ seat: Seat) {
        var wakes = WakeList()
        let (closes, generation) = state.withLock { state -> (Bool, Int) in
            guard !seat.hasLeft else { return (false, 0) }
            seat.hasLeft = true
            guard state.seats.removeValue(forKey: ObjectIdentifier(seat)) != nil else { return (false, 0) }
            if !state.source.isEmpty, state.lag() <= allowance / 2 { state.source.grantAll(into: &wakes) }
            return (state.seats.isEmpty && state.isOpen, state.generation)
        }
        wakes.resume()
        guard closes else { return }
        guard linger > .zero else { return close(generation) }
        let timer = clock.schedule(at: clock.now.advanced(by: linger)) { [weak self] in self?.close(generation) }
        let late = state.withLock { state -> (any ScheduledTimer)? in
            guard state.seats.isEmpty, state.isOpen, state.generation == generation else { return timer }
            defer { state.timer = timer }
            return state.timer
        }
        late?.cancel()
    }

    /// Closes the source, if nobody has come meanwhile. A later subscriber starts from nothing.
    private func close(_ generation: Int) {
        var wakes = WakeList()
        var dropped = StreamRing<Entry>()
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.seats.isEmpty, state.isOpen, state.generation == generation else { return nil }
            state.isOpen = false
            state.joined = 0
            state.timer = nil
            state.first = state.end
            state.slowest = state.first
            swap(&dropped, &state.ring)
            state.source.grantAll(into: &wakes)
            return state.task.take()
        }
        task?.cancel()
        wakes.resume()
        withExtendedLifetime(dropped) {}
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        // The weight says which queue it is in.
        state.withLock { state in
            if waiter.weight == 1 {
                _ = state.source.withdraw(waiter, as: outcome, into: &wakes)
            } else {
                _ = state.readers.withdraw(waiter, as: outcome, into: &wakes)
            }
        }
        return wakes
    }
}
