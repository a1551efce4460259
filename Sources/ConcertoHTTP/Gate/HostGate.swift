#if HTTP
public import Concerto

/// Lets calls to one host in: at most so many at a time; none while the host has asked to be left alone
/// (`Retry-After`), and one, then two, then four after that, so that a crowd that has waited does not run into the same
/// limit again; at a pace that the host has shown to keep up with, once it has refused calls (429) without saying when to
/// come back.
///
/// A closed gate delays; it never refuses.
public final class HostGate: Sendable {
    /// How a call that was let in ended.
    public enum Outcome: Sendable {
        /// With an answer that is no refusal, or with an error of the connection.
        case answered
        /// With 429, or a `Retry-After`: `pause` is how long the host is to be left alone.
        case refused(pause: Duration?, status: Int = 429)
        /// Without an answer, because the caller gave up.
        case abandoned
    }

    /// What a gate does just now.
    public struct Statistics: Sendable {
        /// Calls that are let in.
        public var inFlight: Int
        /// Calls that wait.
        public var waiting: Int
        /// When the host may be called again; `nil` while it may be.
        public var pausedUntil: TimerInstant?
        /// How long the host was left alone, altogether.
        public var pausedTotal: Duration
        /// Calls a second that the host is given since it refused some without saying when to come back; `nil` for no
        /// limit.
        public var pace: Double?
        /// How long until the host's circuit breaker lets a call try whether it answers again; zero while one does, `nil`
        /// while the circuit is closed.
        public var circuitOpenFor: Duration?
        /// Why the host is called less than there are calls for it; `nil` if it is not.
        public var hold: HostHold?
    }

    private typealias Waiter = UnsafeContinuation<Void, any Error>

    private let machine: Guarded<HostGateMachine<Waiter>>
    private let clock: any TimerClock

    /// Creates an open gate.
    ///
    /// - Parameters:
    ///   - maximum: Calls that may be in flight at a time, at least 1; `nil` for no limit.
    ///   - clock: Measures the pauses.
    public init(maximum: Int? = nil, clock: any TimerClock = .monotonic) {
        demand(maximum ?? 1 >= 1, "HostGate: maximum must be at least 1")
        machine = Guarded(HostGateMachine(maximum: maximum))
        self.clock = clock
    }

    /// What the gate does just now.
    public var statistics: Statistics {
        machine.withLock {
            Statistics(
                inFlight: $0.inFlight, waiting: $0.waiting, pausedUntil: $0.pausedUntil, pausedTotal: $0.pausedTotal,
                pace: $0.pace.rate, hold: $0.hold)
        }
    }

    /// Whether the host has asked to be left alone.
    public var isPaused: Bool { machine.withLock { $0.pausedUntil != nil } }

    /// Goes in if that needs no wait.
    public func tryEnter() -> Bool {
        let now = clock.now
        return machine.withLock { $0.tryEnter(now: now) }
    }

    /// Waits to be let in. Every return must be followed by one ``leave(_:)``.
    ///
    /// - Cancellation: ends the wait with `CancellationError`; a call that was let in before stays let in.
    /// - Ordering: repeated calls first, each kind in the order of coming.
    /// - Allocates: nothing when nobody waits.
    public func enter(isRepeat: Bool) async throws {
        try Task.checkCancellation()
        let ticket = Guarded<(ticket: UInt64?, cancelled: Bool)>((nil, false))
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (waiter: Waiter) in
                let now = clock.now
                let entry = machine.withLock { $0.enter(isRepeat: isRepeat, waiter, now: now) }
                switch entry {
                case .admitted: waiter.resume()
                case .waits(let number, let timer):
                    arm(timer)
                    // The canceller may have come before there was a ticket: then the wait is taken back here.
                    let cancelled = ticket.withLock { state in
                        state.ticket = number
                        return state.cancelled
                    }
                    if cancelled { withdraw(number) }
                }
            }
        } onCancel: {
            let number = ticket.withLock { state in
                state.cancelled = true
                return state.ticket
            }
            if let number { withdraw(number) }
        }
    }

    /// Goes out again.
    public func leave(_ outcome: Outcome) {
        let now = clock.now
        perform(machine.withLock { $0.leave(outcome, now: now) })
    }

    private func withdraw(_ ticket: UInt64) {
        let waiter = machine.withLock { $0.withdraw(ticket: ticket) }
        waiter?.resume(throwing: CancellationError())
    }

    private func perform(_ actions: HostGateMachine<Waiter>.Actions) {
        for waiter in actions.admitted { waiter.resume() }
        arm(actions.timer)
    }

    private func arm(_ instant: TimerInstant?) {
        guard let instant else { return }
        _ = clock.schedule(at: instant) {
            let now = self.clock.now
            self.perform(self.machine.withLock { $0.open(now: now, timer: instant) })
        }
    }
}
#endif
