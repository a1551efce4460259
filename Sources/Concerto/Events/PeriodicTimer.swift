public import ConcertoRuntime
import Synchronization

/// Ticks with a fixed period; ticks that nobody waits for are one.
///
/// ```swift
/// let timer = try PeriodicTimer(period: .seconds(30))
/// while try await timer.waitForNextTick() { await reportHealth() }
/// ```
///
/// - Cancellation: of the task or the token ends that wait only; the timer goes on. A task or token that is cancelled
///   already takes no tick.
/// - Where it runs: the waiter resumes on its own executor.
/// - Ordering: one waiter at a time; a second one is refused.
/// - Allocates: a timer for each period, one object for a wait that does not return at once.
public final class PeriodicTimer: WaiterHost {
    struct State: ~Copyable {
        var isDue = false
        var isStopped = false
        var period: Duration
        var next: TimerInstant
        var timer: (any ScheduledTimer)?
        var waiters = WaiterQueue()
    }

    /// Somebody else waits for the tick already.
    public struct ConcurrentWaitError: Error, CustomStringConvertible {
        /// What happened and what to do.
        public var description: String { "a PeriodicTimer has one waiter at a time: share the ticks through a channel" }
    }

    private let state: Guarded<State>
    private let clock: any TimerClock

    /// Creates a timer whose first tick comes after one period.
    ///
    /// - Throws: ``ArgumentError`` if `period` is not positive.
    public init(period: Duration, clock: any TimerClock = MonotonicClock()) throws {
        guard period > .zero else { throw ArgumentError("period", period, "it must be positive") }
        self.clock = clock
        state = Guarded(State(period: period, next: clock.now.advanced(by: period)))
        arm()
    }

    deinit { state.withLock { $0.timer }?.cancel() }

    /// The time between two ticks. A change counts from now.
    public var period: Duration { state.withLock { $0.period } }

    /// Who waits.
    public var statistics: WaitStatistics { state.withLock { $0.waiters.statistics } }

    /// Changes the period; the next tick comes one new period from now.
    ///
    /// - Throws: ``ArgumentError`` if `period` is not positive; ``ClosedError`` if the timer is stopped.
    public func setPeriod(_ period: Duration) throws {
        guard period > .zero else { throw ArgumentError("period", period, "it must be positive") }
        let next = clock.now.advanced(by: period)
        let old = try state.withLock { state in
            if state.isStopped { throw ClosedError("PeriodicTimer") }
            state.period = period
            state.next = next
            let old = state.timer
            state.timer = nil
            return old
        }
        old?.cancel()
        arm()
    }

    /// Waits for the next tick; at once if one has come since the last.
    ///
    /// - Returns: `false` once the timer is stopped.
    /// - Throws: `CancellationError`; ``ConcurrentWaitError`` if somebody waits already.
    nonisolated(nonsending)
        public func waitForNextTick(cancellation: CancellationToken = .none) async throws -> Bool
    {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if let isRunning = state.withLock({ $0.takeTick() }) { return isRunning }
        let waiter = Waiter(of: self)
        let outcome = await waiter.wait(WaitLimit(cancellation: cancellation)) {
            state.withLock { $0.admit(waiter) }
        }
        switch outcome {
        case .granted: return !state.withLock { $0.isStopped }
        case .cancelled, .timedOut: throw CancellationError()
        case .failed: throw ConcurrentWaitError()
        }
    }

    /// Stops the timer: the current wait and all later ones return `false`, and a tick that nobody took is void.
    public func stop() {
        var wakes = WakeList()
        let timer = state.withLock { state in
            state.isStopped = true
            state.isDue = false
            state.waiters.grantAll(into: &wakes)
            return state.timer.take()
        }
        timer?.cancel()
        wakes.resume()
    }

    private func arm() {
        let next = state.withLock { $0.isStopped ? nil : $0.next }
        guard let next else { return }
        // Weak: a timer that nobody refers to any more stops.
        let timer = clock.schedule(at: next) { [weak self] in self?.tick(next) }
        let late = state.withLock { state in
            guard !state.isStopped, state.next == next else { return true }
            state.timer = timer
            return false
        }
        if late { timer.cancel() }
    }

    private func tick(_ due: TimerInstant) {
        var wakes = WakeList()
        let now = clock.now
        let isCurrent = state.withLock { state in
            guard !state.isStopped, state.next == due else { return false }
            if !state.waiters.grantFirst(into: &wakes) { state.isDue = true }
            // Periods that have passed unseen are skipped; the rhythm stays.
            let period = max(1, state.period.saturatingNanoseconds)
            let missed = max(0, due.duration(to: now).saturatingNanoseconds) / period
            state.next = due.advanced(by: .nanoseconds(period)).advanced(by: .nanoseconds(missed * period))
            return true
        }
        if isCurrent { arm() }
        wakes.resume()
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}

extension PeriodicTimer.State {
    /// Whether the timer runs, if there is nothing to wait for: `false` once it is stopped, `true` with a tick that has
    /// come and is taken.
    mutating func takeTick() -> Bool? {
        if isStopped { return false }
        guard isDue else { return nil }
        isDue = false
        return true
    }

    mutating func admit(_ waiter: Waiter) -> Bool {
        if waiter.hasLeft { return false }
        if takeTick() != nil { return waiter.settle(.granted) }
        guard waiters.isEmpty else { return waiter.settle(.failed) }
        return waiters.append(waiter)
    }
}
