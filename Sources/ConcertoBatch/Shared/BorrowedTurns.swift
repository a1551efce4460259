#if Batch
import Concerto

/// Turns of a rate that many machines keep together, borrowed from the store ahead of their time.
///
/// The store cuts the rate's time into pieces: who asks gets the next ones that nobody has, so that no two workers ever hold one
/// turn, whatever their clocks say. What is borrowed is good for half a second after its time, for a worker whose calls wait for
/// something else meanwhile, and lost then: the rate is met from below. A worker asks for what it has used in half a second, and
/// asks again when half of that is used, so that the store hears of it twice a second.
///
/// Of a turn's waiters and its borrowing: the permits of `free` are the turns in `turns`, and a turn is there before its permit;
/// whoever has a permit takes a turn, and asks for another permit if it was too old.
final class BorrowedTurns: Sendable {
    /// How much time is borrowed, at most.
    static let span = Duration.milliseconds(500)
    /// How late a turn may be used.
    static let lateness = Duration.milliseconds(500)

    private struct State {
        /// In the order of time, but for those that were given back.
        var turns: [TimerInstant] = []
        var first = 0
        var used = 0
        var waiting = 0
        var lent = 0
        var lentAt: TimerInstant?
        /// When the last turn that was lent is due, whoever has it.
        var lastDue: TimerInstant?
        var isBorrowing = false
        var failure: (any Error)?

        var left: Int { turns.count - first }

        mutating func take() -> TimerInstant? {
            guard first < turns.count else { return nil }
            defer { first += 1 }
            return turns[first]
        }
    }

    private let rate: CallRate
    private let most: Int
    private let clock: any TimerClock
    private let borrow: @Sendable (_ count: Int) async throws -> Duration
    private let start: @Sendable (@escaping @Sendable () async -> Void) -> Void
    private let state = Guarded(State())
    private let free = AsyncSemaphore(permits: 0, name: "BorrowedTurns")

    /// - Parameters:
    ///   - rate: Of calls.
    ///   - start: Starts what goes on without the caller.
    ///   - borrow: Gets so many turns, which follow on each other, from the store, and says in how long the first is due.
    init(
        _ rate: CallRate, clock: any TimerClock,
        start: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void = { body in Task { await body() } },
        borrow: @escaping @Sendable (_ count: Int) async throws -> Duration
    ) {
        (self.rate, self.clock, self.start, self.borrow) = (rate, clock, start, borrow)
        most = max(1, Int(Self.span / rate.interval))
    }

    /// Takes a turn that is due.
    func tryTake() -> Bool {
        let now = clock.now
        let isDue = state.withLock { state in state.left > 0 && state.turns[state.first] <= now }
        guard isDue, free.tryAcquire() else { return false }
        let (turn, count) = taken(now)
        if let count { ask(count) }
        guard let turn else { return false }
        // Another one has taken the turn that was due: this one's time is to come.
        guard turn <= now else {
            giveBack(turn)
            return false
        }
        return true
    }

    /// Waits for a turn.
    ///
    /// - Cancellation: ends the wait; the turn is another's.
    func take() async throws {
        while true {
            let count = try state.withLock { state in
                if let failure = state.failure { throw failure }
                state.waiting += 1
                return needed(&state)
            }
            if let count { ask(count) }
            do {
                try await free.acquire()
            } catch {
                let failure = state.withLock { state in
                    state.waiting -= 1
                    return state.failure
                }
                throw failure ?? error
            }
            state.withLock { $0.waiting -= 1 }
            let (turn, next) = taken(clock.now)
            if let next { ask(next) }
            guard let turn else { continue }
            do {
                try await Task.delay(until: turn, clock: clock)
            } catch {
                giveBack(turn)
                throw error
            }
            if let count = state.withLock({ needed(&$0) }) { ask(count) }
            return
        }
    }

    /// A turn was not used: the next one who asks has it.
    func giveBack() { giveBack(clock.now) }

    /// Nobody waits any more, and nothing is borrowed.
    func close(because error: any Error = CancellationError()) {
        state.withLock { state in state.failure = state.failure ?? error }
        free.close()
    }

    private func giveBack(_ turn: TimerInstant) {
        state.withLock { state in
            state.used -= 1
            if state.first > 0 {
                state.first -= 1
                state.turns[state.first] = turn
            } else {
                state.turns.insert(turn, at: 0)
            }
        }
        _ = try? free.release()
    }

    /// The turn of a permit, unless it is too old, and how many are to be borrowed.
    private func taken(_ now: TimerInstant) -> (TimerInstant?, Int?) {
        state.withLock { state in
            guard let turn = state.take() else { return (nil, needed(&state)) }
            let isGood = turn.advanced(by: Self.lateness) >= now
            // One that was not needed is not asked for again.
            if isGood { state.used += 1 }
            return (isGood ? turn : nil, needed(&state))
        }
    }

    /// How many turns are to be borrowed now; `nil` for none. Called under the lock.
    private func needed(_ state: inout State) -> Int? {
        guard !state.isBorrowing, state.failure == nil, state.left <= state.lent / 2 else { return nil }
        // Without a crowd nothing is taken in advance that nobody may want.
        guard state.waiting > 0 || state.lent >= 4 else { return nil }
        let now = clock.now
        // Those that wait for the time of their turn have borrowed it too; when it has come, they ask for the others that wait.
        if let last = state.lastDue, now.duration(to: last) > Self.span / 2 { return nil }
        state.isBorrowing = true
        var wanted = state.waiting
        if let lentAt = state.lentAt {
            let time = max(.milliseconds(100), lentAt.duration(to: now))
            wanted += Int(min(1e9, Double(state.used) * (Self.span / time)))
        }
        (state.used, state.lentAt) = (0, now)
        return min(most, max(1, wanted))
    }

    private func ask(_ count: Int) {
        // A task of its own: whoever has asked may be cancelled, and others wait too.
        start { [self] in
            var pause = Duration.milliseconds(100)
            while true {
                do {
                    let delay = try await borrow(count)
                    return lend(count, from: clock.now.advanced(by: max(.zero, delay)))
                } catch is SharedStoreAway {
                    if state.withLock({ $0.failure != nil }) { return }
                    do { try await clock.sleep(for: pause) } catch { return close(because: error) }
                    pause = min(.seconds(1), pause * 2)
                } catch {
                    return close(because: error)
                }
            }
        }
    }

    private func lend(_ count: Int, from start: TimerInstant) {
        let isOpen = state.withLock { state -> Bool in
            state.isBorrowing = false
            guard state.failure == nil else { return false }
            state.turns.removeFirst(state.first)
            state.first = 0
            for index in 0..<count { state.turns.append(start.advanced(by: rate.interval * index)) }
            state.lent = count
            state.lastDue = start.advanced(by: rate.interval * (count - 1))
            return true
        }
        if isOpen { _ = try? free.release(count) }
    }
}
#endif
