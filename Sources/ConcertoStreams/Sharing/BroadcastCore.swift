import Concerto
import ConcertoRuntime

/// The ring of a hub, and who reads it.
///
/// Elements are numbered from 0 on, and the ring holds the newest ones, as many as a subscriber may have before it. Each
/// subscriber has the number of its next element; one that has fallen behind the ring finds out when it reads. So an element
/// costs the same for one subscriber and for a thousand that are busy.
final class BroadcastCore<Element: Sendable>: WaiterHost {
    /// A subscriber. Its fields are protected by the hub's lock.
    final class Seat: @unchecked Sendable {
        fileprivate var position: Int
        fileprivate var lagged = 0
        fileprivate var isDisconnected = false
        fileprivate var hasLeft = false

        fileprivate init(position: Int) { self.position = position }
    }

    enum Taken {
        case element(Element)
        case end
        case failure(any Error)
        case wait
    }

    private struct Entry {
        let element: Element
        let at: TimerInstant
    }

    private struct State: ~Copyable, @unchecked Sendable {  // only used under the lock
        var ring = StreamRing<Entry>()
        /// The number of the ring's first element.
        var first = 0
        /// No subscriber is at an element before this one.
        var slowest = 0
        var seats: [ObjectIdentifier: Seat] = [:]
        var readers = WaiterQueue()
        var source = WaiterQueue()
        var task: Task<Void, Never>?
        /// Counts the openings: what an old source still says is not heard.
        var generation = 0
        var isOpen = false
        var hasEnded = false
        var error: (any Error)?
        var timer: (any ScheduledTimer)?

        /// The number of the next element.
        var end: Int { first + ring.count }
    }

    private let state = Guarded(State())
    private let replay: Int
    private let replayAge: Duration?
    private let policy: Broadcast<Element>.SlowConsumers
    private let linger: Duration
    private let clock: any TimerClock
    private let run: @Sendable (BroadcastCore, Int) async -> Void

    init(
        replay: Int, replayAge: Duration?, policy: Broadcast<Element>.SlowConsumers, linger: Duration,
        clock: any TimerClock, _ run: @escaping @Sendable (BroadcastCore, Int) async -> Void
    ) {
        self.replay = replay
        self.replayAge = replayAge
        self.policy = policy
        self.linger = linger
        self.clock = clock
        self.run = run
    }

    var subscribers: Int { state.withLock { $0.seats.count } }

    /// How many elements may wait for a subscriber; a replay is no lag.
    private var allowance: Int {
        switch policy {
        case .wait: max(16, replay)
        case .dropOldest(let count), .disconnect(after: let count): max(count, replay)
        }
    }

    // MARK: The source

    /// - Returns: Whether more is wanted.
    func publish(_ element: Element, _ generation: Int) async -> Bool {
        let now = replayAge == nil ? TimerInstant(nanoseconds: 0) : clock.now
        var wakes = WakeList()
        let (isHeard, mustWait) = state.withLock { state -> (Bool, Bool) in
            guard state.generation == generation, state.isOpen else { return (false, false) }
            state.ring.append(Entry(element: element, at: now))
            // A subscriber that is further behind finds out when it reads.
            while state.ring.count > allowance, state.ring.popFirst() != nil { state.first += 1 }
            state.readers.grantAll(into: &wakes)
            return (true, policy == .wait && isAtLimit(&state))
        }
        wakes.resume()
        guard isHeard, !isCurrentTaskCancelled() else { return false }
        return mustWait ? await waitForSlowest(generation) : true
    }

    /// Whether the slowest has as much before it as it may have.
    private func isAtLimit(_ state: inout State) -> Bool {
        // It cannot have moved back: to look is only worth it where it could be.
        state.end - state.slowest >= allowance && lag(&state) >= allowance
    }

    /// How far the slowest is behind.
    private func lag(_ state: inout State) -> Int {
        var slowest = state.end
        for seat in state.seats.values where seat.position < slowest { slowest = seat.position }
        state.slowest = slowest
        return state.end - slowest
    }

    /// Whether a source that waits may go on: not for one element at a time, but when half of what may wait has gone.
    private func hasRoom(_ state: inout State) -> Bool { lag(&state) <= allowance / 2 }

    private func waitForSlowest(_ generation: Int) async -> Bool {
        let waiter = Waiter(of: self, weight: 1)
        _ = await waiter.wait {
            state.withLock { state in
                state.generation == generation && state.isOpen && isAtLimit(&state)
                    ? state.source.append(waiter) : waiter.settle(.granted)
            }
        }
        return state.withLock { $0.generation == generation && $0.isOpen }
    }

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
            let opens = !state.isOpen
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
        let task = Task<Void, Never>(executorPreference: placement) { await self.run(self, generation) }
        let isClosed = state.withLock { state in
            guard state.generation == generation, state.isOpen else { return true }
            state.task = task
            return false
        }
        // The source may have ended meanwhile, and then nothing is cancelled by this.
        if isClosed { task.cancel() }
    }

    func take(_ seat: Seat) -> Taken {
        var wakes = WakeList()
        let taken = state.withLock { state -> Taken in
            let floor = state.end - allowance
            if seat.position < floor {
                if case .disconnect = policy { seat.isDisconnected = true }
                seat.lagged += floor - seat.position
                seat.position = floor
            }
            if seat.isDisconnected { return .failure(SlowConsumerError(limit: allowance)) }
            if seat.position < state.end {
                let element = state.ring[seat.position - state.first].element
                seat.position += 1
                if !state.source.isEmpty, state.end - seat.position <= allowance / 2, hasRoom(&state) {
                    state.source.grantAll(into: &wakes)
                }
                return .element(element)
            }
            guard state.hasEnded else { return .wait }
            return state.error.map { .failure($0) } ?? .end
        }
        wakes.resume()
        return taken
    }

    /// - Returns: `false` if the subscriber has been cancelled.
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

    func lagged(_ seat: Seat) -> Int { state.withLock { _ in seat.lagged } }

    func leave(_ seat: Seat) {
        var wakes = WakeList()
        let (closes, generation) = state.withLock { state -> (Bool, Int) in
            guard !seat.hasLeft else { return (false, 0) }
            seat.hasLeft = true
            guard state.seats.removeValue(forKey: ObjectIdentifier(seat)) != nil else { return (false, 0) }
            if !state.source.isEmpty, hasRoom(&state) { state.source.grantAll(into: &wakes) }
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
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.seats.isEmpty, state.isOpen, state.generation == generation else { return nil }
            state.isOpen = false
            state.timer = nil
            state.first = state.end
            state.slowest = state.first
            state.ring.removeAll()
            state.source.grantAll(into: &wakes)
            return state.task.take()
        }
        task?.cancel()
        wakes.resume()
    }

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
