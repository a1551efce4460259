/// The attempts of one call: the machine, the attempts' tasks, and the caller that waits for what happens to them.
///
/// Reused from call to call: see ``HedgingCore``.
@usableFromInline
final class HedgeRace: WaiterHost, @unchecked Sendable {  // `entries` is its caller's; what is shared is in `state`
    private struct State: ~Copyable {
        var machine: HedgeMachine
        var waiters = WaiterQueue()
        /// The latest failure, for the event of the attempt that follows it.
        var failure: (any Error)?
    }

    private let state: Guarded<State>
    /// One an attempt, in their order. Only the caller adds to it, and only it and its children's own entries are used.
    @exclusivity(unchecked) private(set) var entries: [DeadlineEntry]

    init(maxAttempts: Int) {
        state = Guarded(State(machine: HedgeMachine(maxAttempts: maxAttempts)))
        entries = [DeadlineEntry()]
    }

    /// Forgets the call that has ended. All of its attempts have, too.
    func reset() {
        for entry in entries { entry.reset() }
    }

    /// Makes it ready for another call.
    func prepare(maxAttempts: Int) {
        state.withLock { state in
            state.machine = HedgeMachine(maxAttempts: maxAttempts)
            state.failure = nil
        }
    }

    /// Begins an attempt.
    func begin() -> (number: Int, entry: DeadlineEntry) {
        let number = state.withLock { $0.machine.begin() }
        if number > entries.count { entries.append(DeadlineEntry()) }
        return (number, entries[number - 1])
    }

    /// Called by an attempt, last of all.
    func end(_ attempt: Int, isOutcome: Bool, _ error: (any Error)?) {
        var wakes = WakeList()
        state.withLock { state in
            state.machine.end(attempt, isOutcome: isOutcome)
            if !isOutcome { state.failure = error }
            if state.machine.hasNews { _ = state.waiters.grantFirst(into: &wakes) }
        }
        wakes.resume()
    }

    func step(isDelayOver: Bool) -> HedgeMachine.Step { state.withLock { $0.machine.step(isDelayOver: isDelayOver) } }

    func close() { state.withLock { $0.machine.close() } }

    var isDecided: Bool { state.withLock { $0.machine.isDecided } }

    var winner: Int? { state.withLock { $0.machine.winner } }

    /// How many attempts have begun.
    var attempts: Int { state.withLock { $0.machine.attempts } }

    /// The number of the attempt that would begin, and what has failed.
    var next: (attempt: Int, failure: (any Error)?) {
        state.withLock { ($0.machine.attempts + 1, $0.failure) }
    }

    /// Waits until there is something to do, or until `deadline`.
    nonisolated(nonsending)
        func wait(until deadline: TimerInstant?, on clock: StrategyClock) async -> Waiter.Outcome
    {
        let waiter = Waiter(of: self)
        let limit = deadline.map { WaitLimit(deadline: $0, clock: clock.base) } ?? .none
        return await waiter.wait(limit) {
            state.withLock { state in
                if waiter.hasLeft { return false }
                if state.machine.hasNews { return waiter.settle(.granted) }
                return state.waiters.append(waiter)
            }
        }
    }

    @usableFromInline
    func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }

    /// Cancels the attempts that have lost. Their handlers run here.
    func cancelLosers() {
        let (winner, attempts) = state.withLock { ($0.machine.winner, $0.machine.attempts) }
        for number in 1...max(1, attempts) where number != winner {
            let entry = entries[number - 1]
            entry.cancel()
        }
    }
}
