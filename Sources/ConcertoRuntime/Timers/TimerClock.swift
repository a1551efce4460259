/// A clock that can call back.
///
/// Swift's `Clock` can only put a task to sleep, so a shared deadline list or a timer for a million waits would
/// need a task for each of them. A `TimerClock` also takes a callback that can be cancelled, and its instants are
/// plain nanoseconds, so that `any TimerClock` can be stored and passed without generics.
///
/// Everything in Concerto that waits takes a `TimerClock`: ``MonotonicClock`` by default, `ManualClock` in tests.
public protocol TimerClock: Clock, Sendable where Duration == Swift.Duration, Instant == TimerInstant {
    /// Calls `action` once, as soon as the clock has reached `deadline`.
    ///
    /// - Where it runs: on a thread of the clock's choice that must not be blocked; `action` should do little,
    ///   such as resume a continuation. It never runs inside this call, also when `deadline` has passed.
    /// - Ordering: by deadline; among equal deadlines in the order of scheduling.
    /// - Parameters:
    ///   - deadline: The earliest instant at which `action` may run.
    ///   - action: What to do.
    /// - Returns: The timer, which can be cancelled. Dropping it does not cancel it.
    func schedule(at deadline: TimerInstant, _ action: @escaping @Sendable () -> Void) -> any ScheduledTimer
}

/// A callback that a ``TimerClock`` will make.
public protocol ScheduledTimer: AnyObject, Sendable {
    /// Takes the timer back and frees what it holds, its action included, at once.
    ///
    /// - Returns: `true` if the action has not run and never will, `false` if it has run, is running, or was
    ///   cancelled before. Exactly one of "the action runs" and "a `cancel` returns `true`" happens.
    @discardableResult
    func cancel() -> Bool
}

extension TimerClock {
    /// Suspends until `deadline`.
    ///
    /// - Cancellation: ends the wait at once with `CancellationError` and frees its timer; a task that is already
    ///   cancelled does not wait.
    /// - Where it runs: resumes on the caller's executor.
    /// - Ordering: sleepers wake by deadline.
    /// - Allocates: one object for the wait and what the clock needs for a timer.
    public func sleep(until deadline: TimerInstant, tolerance: Duration? = nil) async throws {
        try Task.checkCancellation()
        guard deadline > now else { return }
        let sleep = TimerSleep()
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                sleep.start(continuation, on: self, until: deadline)
            }
        } onCancel: {
            sleep.cancel()
        }
    }

    /// Suspends for `duration`, as ``sleep(until:tolerance:)`` does.
    public func sleep(for duration: Duration) async throws {
        try await sleep(until: now.advanced(by: duration), tolerance: nil)
    }
}
