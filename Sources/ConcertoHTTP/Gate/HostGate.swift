#if HTTP
public import Concerto
import ConcertoResilience

/// Lets calls to one host in: at most so many at a time; none while the host has asked to be left alone
/// (`Retry-After`), and one, then two, then four after that, so that a crowd that has waited does not run into the same
/// limit again; at a pace that the host has shown to keep up with, once it has refused calls (429, 503) without saying when
/// to come back and a slower pace has turned out to help.
///
/// A closed gate delays; it never refuses.
public final class HostGate: WaiterHost {
    /// How a call that was let in ended.
    public enum Outcome: Sendable {
        /// With an answer that is no refusal.
        case answered
        /// With 429 or 503: `pause` is how long the host is to be left alone, if it has said so (`Retry-After`).
        case refused(pause: Duration?, status: Int = 429)
        /// Without an answer, or with one that says that the host can't be reached.
        case failed
        /// Without an answer, because the caller gave up.
        case abandoned
    }

    /// What ``leave(_:_:after:)`` needs to know of a call that was let in.
    public struct Pass: Sendable {
        let pace: HostPace.Pass
        /// Of the adaptive limit, when the call was let in.
        let generation: Int
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
        /// Calls at a time that the host bears, as far as is known; `nil` if that is not looked for.
        public var limit: Int?
    }

    /// Decisions and queues change together, under one lock.
    private struct State: ~Copyable {
        var machine: HostGateMachine
        var repeats = WaiterQueue()
        var firsts = WaiterQueue()
        /// What those have got who were let in, by the number that their waiters carry.
        var passes: [Int: Pass] = [:]
        var lastPass = 0

        var waiting: Int { repeats.count + firsts.count }

        /// What a call gets that has just been let in.
        func pass(_ pace: HostPace.Pass) -> Pass {
            Pass(pace: pace, generation: machine.adaptive?.generation ?? 0)
        }

        /// Lets in whoever may go. Called under the lock.
        mutating func serve(now: TimerInstant, into wakes: inout WakeList) -> TimerInstant? {
            while waiting > 0, machine.hasRoom(now: now) {
                let isRepeat = firsts.isEmpty || (!repeats.isEmpty && machine.takesRepeat())
                guard let waiter = isRepeat ? repeats.first : firsts.first,
                    let pass = machine.tryEnter(isRepeat: isRepeat, now: now)
                else { break }
                lastPass &+= 1
                waiter.weight = lastPass
                passes[lastPass] = self.pass(pass)
                if isRepeat { repeats.grant(waiter, into: &wakes) } else { firsts.grant(waiter, into: &wakes) }
            }
            return machine.armTimer(someoneWaits: waiting > 0, now: now)
        }
    }

    private let state: Guarded<State>
    private let clock: any TimerClock

    /// Creates an open gate.
    ///
    /// - Parameters:
    ///   - maximum: Calls that may be in flight at a time, at least 1; `nil` for no limit.
    ///   - clock: Measures the pauses.
    public convenience init(maximum: Int? = nil, clock: any TimerClock = .monotonic) {
        self.init(maximum: maximum, adaptive: nil, clock: clock)
    }

    /// Creates an open gate that also finds out how many calls its host bears.
    init(maximum: Int?, adaptive: AdaptiveLimiterOptions?, clock: any TimerClock) {
        demand(maximum ?? 1 >= 1, "HostGate: maximum must be at least 1")
        let machine = HostGateMachine(maximum: maximum, adaptive: adaptive.map { AdaptivePermits($0) })
        state = Guarded(State(machine: machine))
        self.clock = clock
    }

    /// What the gate does just now.
    public var statistics: Statistics {
        state.withLock { state in
            let machine = state.machine
            return Statistics(
                inFlight: machine.inFlight, waiting: state.waiting, pausedUntil: machine.pausedUntil,
                pausedTotal: machine.pausedTotal, pace: machine.pace.rate, hold: machine.hold,
                limit: machine.adaptive?.limit)
        }
    }

    /// Whether the host has asked to be left alone.
    public var isPaused: Bool { state.withLock { $0.machine.pausedUntil != nil } }

    /// Whether calls go at a pace that the host has shown to keep up with.
    var isPaced: Bool { state.withLock { $0.machine.pace.rate != nil } }

    /// How long the host has answered nothing but refusals by now.
    var refusesOnly: Duration {
        let now = clock.now
        return state.withLock { $0.machine.refusesOnly(now: now) }
    }

    /// Goes in if that needs no wait.
    public func tryEnter(isRepeat: Bool = false) -> Pass? {
        let now = clock.now
        return state.withLock { state in
            guard isRepeat ? state.repeats.isEmpty : state.waiting == 0 else { return nil }
            return state.machine.tryEnter(isRepeat: isRepeat, now: now).map { state.pass($0) }
        }
    }

    /// Waits to be let in. Every pass must be given back by one ``leave(_:_:after:)``.
    ///
    /// - Parameters:
    ///   - isRepeat: Whether the call has been made before.
    ///   - deadline: When to give up, on the gate's clock. Whoever can know at once that the gate stays closed for longer does
    ///     not begin to wait.
    /// - Returns: The pass; `nil` if the deadline comes first.
    /// - Cancellation: ends the wait with `CancellationError`; a call that was let in before stays let in.
    /// - Ordering: repeated calls first, each kind in the order of coming; where the pace is being looked for, the two kinds
    ///   take turns.
    /// - Allocates: one waiter.
    public func enter(isRepeat: Bool, before deadline: TimerInstant = .distantFuture) async throws -> Pass? {
        try Task.checkCancellation()
        let waiter = Waiter(of: self)
        let limit = deadline == .distantFuture ? WaitLimit.none : WaitLimit(deadline: deadline, clock: clock)
        let outcome = await waiter.wait(limit) { enqueue(waiter, isRepeat, deadline) }
        switch outcome {
        case .granted:
            return state.withLock { state in state.passes.removeValue(forKey: waiter.weight) }
        case .cancelled:
            throw CancellationError()
        case .timedOut, .failed:
            return nil
        }
    }

    /// Goes out again.
    ///
    /// - Parameters:
    ///   - pass: What the call was let in with.
    ///   - outcome: How it ended.
    ///   - latency: How long its answer took, for an adaptive limit; `nil` if it says nothing about the host's load.
    public func leave(_ pass: Pass, _ outcome: Outcome, after latency: Duration? = nil) {
        let now = clock.now
        change(now) {
            $0.leave(pass.pace, outcome, generation: pass.generation, latency: latency, now: now)
        }
    }

    /// What the maximum has been lowered to; `nil` if it has not.
    var lowered: Int? { state.withLock { $0.machine.lowered } }

    /// Lets in no more calls at a time from now on than are in. Answers raise it again, slowly.
    func lowerMaximum() { change(clock.now) { $0.lowerMaximum() } }

    /// Lets nobody in for so long: the host has said that nothing is left.
    func pause(for duration: Duration) {
        let now = clock.now
        change(now) { $0.pause(until: now.advanced(by: duration), now: now) }
    }

    /// Lets one call in, then two, then four, from now on: the host has been away.
    func startSlowly() { change(clock.now) { $0.startSlowly() } }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { state in
            // It is in one of them. Whoever is behind it was not kept back by it: the gate's turns are all alike.
            let isRepeat = waiter.weight == Self.repeated
            _ =
                isRepeat
                ? state.repeats.withdraw(waiter, as: outcome, into: &wakes)
                : state.firsts.withdraw(waiter, as: outcome, into: &wakes)
        }
        return wakes
    }

    /// What a waiter carries that waits for a repeated call; any other waits for a new one.
    private static let repeated = -1

    private func enqueue(_ waiter: Waiter, _ isRepeat: Bool, _ deadline: TimerInstant) -> Bool {
        let now = clock.now
        waiter.weight = isRepeat ? Self.repeated : 0
        var wakes = WakeList()
        var timer: TimerInstant?
        let sleeps = state.withLock { state -> Bool in
            if waiter.hasLeft { return false }
            if let until = state.machine.pausedUntil, until >= deadline { return waiter.settle(.timedOut) }
            guard isRepeat ? state.repeats.append(waiter) : state.firsts.append(waiter) else { return false }
            timer = state.serve(now: now, into: &wakes)
            return true
        }
        wakes.resume()
        arm(timer)
        return sleeps
    }

    private func change(_ now: TimerInstant, _ body: (inout HostGateMachine) -> Void) {
        var wakes = WakeList()
        let timer = state.withLock { state in
            body(&state.machine)
            return state.serve(now: now, into: &wakes)
        }
        wakes.resume()
        arm(timer)
    }

    private func arm(_ instant: TimerInstant?) {
        guard let instant else { return }
        _ = clock.schedule(at: instant) {
            let now = self.clock.now
            self.change(now) { $0.open(now: now, timer: instant) }
        }
    }
}
#endif
