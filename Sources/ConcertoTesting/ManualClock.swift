public import ConcertoRuntime

/// A clock that stands still until a test moves it.
///
/// ```swift
/// let clock = ManualClock()
/// async let isIn = semaphore.acquire(timeout: .seconds(1), clock: clock)
/// await clock.sleepers(count: 1)      // someone waits for the clock
/// clock.advance(by: .seconds(1))
/// #expect(try await !isIn)
/// ```
public final class ManualClock: TimerClock {
    fileprivate struct State {
        var now = TimerInstant(nanoseconds: 0)
        var order: UInt64 = 0
        var timers: [Timer] = []
        var watchers: [(count: Int, continuation: UnsafeContinuation<Void, Never>)] = []
    }

    fileprivate final class Timer: ScheduledTimer {
        let deadline: TimerInstant
        let order: UInt64
        /// Taken out when the timer fires or is cancelled: whoever keeps the timer does not keep what it captured.
        private let action: Guarded<(@Sendable () -> Void)?>
        let clock: ManualClock

        init(deadline: TimerInstant, order: UInt64, clock: ManualClock, action: @escaping @Sendable () -> Void) {
            self.deadline = deadline
            self.order = order
            self.clock = clock
            self.action = Guarded(action)
        }

        func cancel() -> Bool {
            guard clock.remove(self) else { return false }
            _ = takeAction()
            return true
        }

        func fire() { takeAction()?() }

        private func takeAction() -> (@Sendable () -> Void)? { action.withLock { $0.take() } }
    }

    private let state = Guarded(State())

    /// Creates a clock that shows zero.
    public init() {}

    /// Where the test has moved the clock to.
    public var now: TimerInstant { state.withLock { $0.now } }

    /// One nanosecond.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// The number of timers that wait for this clock.
    public var pending: Int { state.withLock { $0.timers.count } }

    /// The deadline of the next timer, or `nil` if nobody waits.
    public var nextDeadline: TimerInstant? { state.withLock { $0.timers.first?.deadline } }

    /// Calls `action` from the ``advance(by:)`` that reaches `deadline`, on the thread that advances.
    public func schedule(
        at deadline: TimerInstant, _ action: @escaping @Sendable () -> Void
    ) -> any ScheduledTimer {
        let (timer, woken) = state.withLock { state in
            state.order += 1
            let timer = Timer(deadline: deadline, order: state.order, clock: self, action: action)
            let index = state.timers.firstIndex { $0.deadline > deadline } ?? state.timers.endIndex
            state.timers.insert(timer, at: index)
            return (timer, state.takeSatisfiedWatchers())
        }
        for watcher in woken { watcher.resume() }
        return timer
    }

    /// Moves the clock forward and fires every timer that becomes due, in the order of their deadlines; timers
    /// with one deadline fire in the order in which they were scheduled. Each action sees the clock at its own
    /// deadline, and timers that an action schedules fire too, if they become due.
    ///
    /// - Precondition: `duration` is not negative.
    public func advance(by duration: Duration) {
        demand(duration >= .zero, "ManualClock cannot go back: advance(by: \(duration))")
        advance(to: now.advanced(by: duration))
    }

    /// Moves the clock to `instant`, as ``advance(by:)`` does.
    ///
    /// - Precondition: `instant` is not before `now`.
    public func advance(to instant: TimerInstant) {
        demand(instant >= now, "ManualClock cannot go back: it shows \(now), advance(to: \(instant))")
        while let timer = takeDue(until: instant) { timer.fire() }
    }

    /// Moves the clock to its next timer and fires it, and those that are due at the same time. A timer that was
    /// scheduled for a time that is past by then fires where the clock stands.
    ///
    /// - Parameter limit: A next timer at this time or later stays. Default: none does, but for one that waits for
    ///   `distantFuture`.
    /// - Returns: Whether a timer fired.
    @discardableResult
    public func advanceToNextTimer(before limit: TimerInstant = .distantFuture) -> Bool {
        guard let timer = takeNext(before: limit) else { return false }
        timer.fire()
        while let timer = takeDue(until: now) { timer.fire() }
        return true
    }

    /// Waits until at least `count` timers are pending.
    ///
    /// - Cancellation: is not observed; the wait ends when the timers are there.
    /// - Precondition: `count >= 0`.
    public func sleepers(count: Int = 1) async {
        demand(count >= 0, "ManualClock.sleepers needs a count >= 0, not \(count)")
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let ready = state.withLock { state in
                guard state.timers.count < count else { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    /// Moves the clock to `instant`, if that is later, and fires nothing.
    package func move(to instant: TimerInstant) {
        state.withLock { $0.now = max($0.now, instant) }
    }

    /// Fires the first of the timers that are due where the clock stands.
    ///
    /// - Returns: Whether there was one.
    package func fireFirstDue() -> Bool {
        guard let timer = takeDue(until: now) else { return false }
        timer.fire()
        return true
    }

    private func takeNext(before limit: TimerInstant) -> Timer? {
        state.withLock { state in
            guard let timer = state.timers.first, timer.deadline < limit else { return nil }
            state.now = max(state.now, timer.deadline)
            return state.timers.removeFirst()
        }
    }

    private func takeDue(until instant: TimerInstant) -> Timer? {
        state.withLock { state in
            guard let timer = state.timers.first, timer.deadline <= instant else {
                state.now = max(state.now, instant)
                return nil
            }
            state.now = max(state.now, timer.deadline)
            return state.timers.removeFirst()
        }
    }

    private func remove(_ timer: Timer) -> Bool {
        state.withLock { state in
            guard let index = state.timers.firstIndex(where: { $0 === timer }) else { return false }
            state.timers.remove(at: index)
            return true
        }
    }
}

extension ManualClock.State {
    mutating func takeSatisfiedWatchers() -> [UnsafeContinuation<Void, Never>] {
        let ready = watchers.filter { $0.count <= timers.count }.map(\.continuation)
        watchers.removeAll { $0.count <= timers.count }
        return ready
    }
}
