public import ConcertoRuntime

extension Task where Success == Never, Failure == Never {
    /// Suspends for `duration`.
    ///
    /// - Cancellation: of the task or the token ends the delay at once with `CancellationError`, and its memory is free
    ///   at once (a cancelled `Task.sleep` keeps its memory until its deadline). A cancelled task or token wins over a
    ///   delay of zero.
    /// - Where it runs: resumes on the caller's executor. A delay of zero does not suspend.
    /// - Allocates: two small objects and a timer.
    /// - Parameters:
    ///   - duration: How long.
    ///   - clock: Measures it.
    ///   - cancellation: Ends it early.
    /// - Throws: `CancellationError`; ``ArgumentError`` if `duration` is negative.
    nonisolated(nonsending)
        public static func delay(
            for duration: Duration, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none
        ) async throws
    {
        if duration < .zero { throw ArgumentError("duration", duration, "it must not be negative") }
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw _Concurrency.CancellationError() }
        guard duration > .zero else { return }
        try await Delay().wait(
            WaitLimit(cancellation: cancellation, deadline: clock.now.advanced(by: duration), clock: clock))
    }

    /// Suspends until `clock` has reached `deadline`; not at all if it has.
    ///
    /// See ``delay(for:clock:cancellation:)``.
    nonisolated(nonsending)
        public static func delay(
            until deadline: TimerInstant, clock: any TimerClock = MonotonicClock(),
            cancellation: CancellationToken = .none
        ) async throws
    {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw _Concurrency.CancellationError() }
        guard deadline > clock.now else { return }
        try await Delay().wait(WaitLimit(cancellation: cancellation, deadline: deadline, clock: clock))
    }
}

/// A host that grants nothing: its waiters leave when their time is up.
private final class Delay: WaiterHost {
    private let waiters = Guarded(WaiterQueue())

    nonisolated(nonsending)
        func wait(_ limit: WaitLimit) async throws
    {
        let waiter = Waiter(of: self)
        let outcome = await waiter.wait(limit) { waiters.withLock { $0.append(waiter) } }
        if outcome == .cancelled { throw CancellationError() }
    }

    func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        waiters.withLock { _ = $0.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}
