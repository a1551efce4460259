/// The pure state machine of a ``CircuitBreaker``.
///
/// Every change of state begins a new *generation*. A call carries the generation in which it was let through; its
/// result counts only if that still is the present one. So results from before a trip neither decide a half-open circuit
/// nor fill the window of a circuit that has closed again.
struct CircuitMachine: AdmissionPolicy {
    /// A change of state, to be reported outside the lock.
    struct Transition: Sendable {
        let state: CircuitState
        /// The generation that it began.
        let generation: Int
        /// How long the circuit will be open.
        var openFor: Duration?
        let cause: (any Error)?
        /// Whether `openFor` has still to be asked for.
        var isOpenEnded = false
    }

    /// A break whose length a function has to say, outside the lock. Until then the circuit is open without an end.
    struct OpenEndedBreak: Sendable {
        let generation: Int
        let start: TimerInstant
        let arguments: CircuitBreakerOptions.Break
    }

    private enum Phase {
        case closed
        case open(until: TimerInstant)
        case halfOpen(until: TimerInstant, running: Int, successes: Int, failures: Int)
        case isolated
    }

    private var options: CircuitBreakerOptions
    private var phase = Phase.closed
    private(set) var generation = 0
    private var window: CallWindow
    private var failuresInARow = 0
    private(set) var consecutiveBreaks = 0
    private var breaks = Backoff.State()
    /// The error that opened the circuit.
    private(set) var cause: (any Error)?
    /// Changes of state that nobody has reported yet.
    private var transitions: [Transition] = [] {
        didSet { hasNews = !transitions.isEmpty }
    }
    /// Asked after every call: cheaper than the array, which is retained to be looked at.
    private(set) var hasNews = false
    /// Whether somebody is reporting, and will take what is added meanwhile.
    private var isReporting = false
    private var openEndedBreaks: [OpenEndedBreak] = []

    init(_ options: CircuitBreakerOptions) {
        self.options = options
        window = CallWindow(Self.window(of: options))
    }

    var state: CircuitState {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        case .isolated: .isolated
        }
    }

    // MARK: Before a call

    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
        settle(at: now)
        switch phase {
        case .closed:
            return .granted(generation)
        case .open(let until):
            return .notBefore(until)
        case .halfOpen(let until, let running, let successes, let failures):
            guard running < options.halfOpenPermits else { return .notBefore(until) }
            phase = .halfOpen(until: until, running: running + 1, successes: successes, failures: failures)
            return .granted(generation)
        case .isolated:
            return .notBefore(.distantFuture)
        }
    }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant {
        settle(at: now)
        switch phase {
        case .closed: return now
        case .open(let until): return until
        // When the probes will decide, nobody can know.
        case .halfOpen(_, let running, _, _): return running < options.halfOpenPermits ? now : .distantFuture
        case .isolated: return .distantFuture
        }
    }

    /// Makes the changes of state that time alone brings.
    mutating func settle(at now: TimerInstant) {
        switch phase {
        case .open(let until) where now >= until:
            let limit = now.advanced(by: options.halfOpenTimeLimit)
            enter(.halfOpen(until: limit, running: 0, successes: 0, failures: 0))
        case .halfOpen(let until, let running, let successes, let failures) where now >= until:
            guard running == 0 else { return open(at: now, counts: CallCounts(), cause) }
            // Nobody hangs, nobody came: that says nothing about the dependency.
            let limit = now.advanced(by: options.halfOpenTimeLimit)
            phase = .halfOpen(until: limit, running: 0, successes: successes, failures: failures)
        case .closed, .open, .halfOpen, .isolated:
            break
        }
    }

    // MARK: After a call

    /// Counts a call that was let through in `generation`.
    mutating func record(
        _ verdict: CircuitBreakerOptions.Verdict, slow: Bool, generation: Int, error: (any Error)?,
        at now: TimerInstant
    ) {
        // Its era is over: this also holds for a half-open one whose time limit has passed unnoticed.
        settle(at: now)
        guard generation == self.generation else { return }
        switch phase {
        case .closed:
            recordClosed(verdict, slow, error, now)
        case .halfOpen(let until, let running, let successes, let failures):
            var next = (successes: successes, failures: failures)
            switch verdict {
            case .success where !slow: next.successes += 1
            case .success, .failure: next.failures += 1
            case .ignored: break
            }
            if next.successes >= options.halfOpenSuccesses { return close() }
            if next.failures >= options.halfOpenFailures {
                return open(
                    at: now,
                    counts: CallCounts(calls: next.successes + next.failures, failures: next.failures, slow: 0),
                    error ?? cause)
            }
            phase = .halfOpen(
                until: until, running: running - 1, successes: next.successes, failures: next.failures)
        case .open, .isolated:
            break
        }
    }

    private mutating func recordClosed(
        _ verdict: CircuitBreakerOptions.Verdict, _ slow: Bool, _ error: (any Error)?, _ now: TimerInstant
    ) {
        guard verdict != .ignored else { return }
        let failed = verdict == .failure
        failuresInARow = failed ? failuresInARow + 1 : 0
        switch options.trip {
        case .consecutiveFailures(let limit):
            guard failuresInARow >= limit else { return }
            open(at: now, counts: CallCounts(calls: failuresInARow, failures: failuresInARow, slow: 0), error)
        case .failureRatio(let ratio, let minimum, _):
            window.record(CallCounts(calls: 1, failures: failed ? 1 : 0, slow: slow ? 1 : 0), at: now)
            let total = window.total
            guard total.calls >= minimum else { return }
            // Divided, not multiplied: a quotient and the literal of the same share round to the same number, while
            // 0.07 · 100 is more than 7.
            let calls = Double(total.calls)
            let isSlow = options.slowCalls.map { Double(total.slow) / calls >= $0.ratio } ?? false
            guard isSlow || Double(total.failures) / calls >= ratio else { return }
            open(at: now, counts: total, error)
        }
    }

    /// Goes on under other options: an open circuit stays open as long as was said, and the window keeps its calls if it is
    /// the same.
    mutating func change(to options: CircuitBreakerOptions) {
        if Self.window(of: options) != Self.window(of: self.options) { window = CallWindow(Self.window(of: options)) }
        self.options = options
    }

    private static func window(of options: CircuitBreakerOptions) -> CircuitBreakerOptions.Window {
        if case .failureRatio(_, _, let window) = options.trip { window } else { .count(1) }
    }

    // MARK: By hand

    mutating func isolate() { enter(.isolated) }

    mutating func close() {
        consecutiveBreaks = 0
        breaks = Backoff.State()
        cause = nil
        enter(.closed)
    }

    mutating func open(for duration: Duration, at now: TimerInstant) {
        countBreak()
        enter(.open(until: now.advanced(by: duration)), openFor: duration)
    }

    // MARK: What is done outside the lock

    /// Takes the changes that are to be reported now, in their order: not those that somebody else is about to report, nor
    /// those after one whose break has no end yet.
    ///
    /// - Parameter isReporter: Whether the caller has taken changes before, and reported them.
    mutating func takeTransitions(isReporter: Bool) -> ArraySlice<Transition> {
        if isReporting && !isReporter { return [] }
        let ready = transitions.prefix { !$0.isOpenEnded }
        if !ready.isEmpty { transitions.removeFirst(ready.count) }
        isReporting = !ready.isEmpty
        return ready
    }

    mutating func takeOpenEndedBreak() -> OpenEndedBreak? { openEndedBreaks.popLast() }

    /// Says when the break ends, unless another state has come meanwhile.
    mutating func end(_ open: OpenEndedBreak, after duration: Duration) {
        if generation == open.generation { phase = .open(until: open.start.advanced(by: duration)) }
        guard let index = transitions.firstIndex(where: { $0.generation == open.generation }) else { return }
        transitions[index].openFor = duration
        transitions[index].isOpenEnded = false
    }

    // MARK: Looking and restoring

    /// The calls in the window; of a half-open circuit its probes that have ended.
    mutating func counts(at now: TimerInstant) -> CallCounts {
        settle(at: now)
        if case .halfOpen(_, _, let successes, let failures) = phase {
            return CallCounts(calls: successes + failures, failures: failures, slow: 0)
        }
        window.advance(to: now)
        return window.total
    }

    mutating func snapshot(at now: TimerInstant) -> CircuitSnapshot {
        settle(at: now)
        var remaining: Duration?
        if case .open(let until) = phase, until != .distantFuture { remaining = now.duration(to: until) }
        return CircuitSnapshot(state: state, openFor: remaining, consecutiveBreaks: consecutiveBreaks)
    }

    mutating func restore(_ snapshot: CircuitSnapshot, at now: TimerInstant) {
        consecutiveBreaks = snapshot.consecutiveBreaks
        switch snapshot.state {
        case .closed: enter(.closed)
        case .isolated: enter(.isolated)
        case .open:
            let remaining = snapshot.openFor ?? .zero
            enter(.open(until: now.advanced(by: remaining)), openFor: remaining)
        case .halfOpen:
            // Its probes are gone: the next call is the first probe.
            enter(.open(until: now), openFor: .zero)
        }
    }

    // MARK: Changes

    private mutating func open(at now: TimerInstant, counts: CallCounts, _ error: (any Error)?) {
        countBreak()
        cause = error
        let duration: Duration
        switch options.breakDuration {
        case .fixed(let fixed):
            duration = fixed
        case .backoff(let backoff):
            let random = options.random
            duration = backoff.delay(beforeRetry: consecutiveBreaks - 1, state: &breaks) { random.nextUnit() }
        case .generated:
            enter(.open(until: .distantFuture), isOpenEnded: true)
            openEndedBreaks.append(
                .init(
                    generation: generation, start: now,
                    arguments: .init(
                        consecutiveBreaks: consecutiveBreaks, failures: counts.failures, calls: counts.calls)))
            return
        }
        enter(.open(until: now.advanced(by: duration)), openFor: duration)
    }

    private mutating func countBreak() { consecutiveBreaks = consecutiveBreaks.addingSaturated(1) }

    private mutating func enter(_ next: Phase, openFor: Duration? = nil, isOpenEnded: Bool = false) {
        phase = next
        generation += 1
        failuresInARow = 0
        window.reset()
        transitions.append(
            Transition(
                state: state, generation: generation, openFor: openFor, cause: cause, isOpenEnded: isOpenEnded))
    }
}
