import CConcerto

/// The default ``TimerClock``: the system's monotonic clock, which stands still while the machine sleeps.
///
/// Its timers stand in one hierarchical timing wheel for the process. Scheduling and cancelling cost a constant few
/// dozen nanoseconds however many timers wait, and a cancelled timer frees its memory at once.
public struct MonotonicClock: TimerClock {
    /// Creates the clock; all instances are the same clock.
    @inlinable
    public init() {}

    /// Nanoseconds of the monotonic clock of the system: `CLOCK_MONOTONIC` on Linux.
    public var now: TimerInstant { TimerInstant(nanoseconds: concerto_now()) }

    /// One tick of the timer wheel, 2¹⁸ ns = 0.26 ms: a timer is late by no more than this on an idle machine.
    public var minimumResolution: Duration { .nanoseconds(1 << Int64(TimerWheel.tickShift)) }

    /// Calls `action` once after `deadline`; see ``TimerClock/schedule(at:_:)``.
    ///
    /// - Where it runs: on the one thread that drives all timers of the process; it must not block.
    /// - Allocates: one object, and what `action` captures. Both are freed when the timer fires or is cancelled.
    public func schedule(
        at deadline: TimerInstant, _ action: @escaping @Sendable () -> Void
    ) -> any ScheduledTimer {
        TimerService.shared.schedule(at: deadline.nanoseconds, .action(action))
    }

    /// Suspends until `deadline`.
    ///
    /// - Cancellation: ends the wait at once with `CancellationError` and frees its timer; a task that is already
    ///   cancelled does not wait.
    /// - Where it runs: resumes on the caller's executor, ahead of what waits there in the same class of priority.
    /// - Ordering: sleepers wake by deadline.
    /// - Allocates: one object, freed when the sleep ends.
    public func sleep(until deadline: TimerInstant, tolerance: Duration? = nil) async throws {
        try Task.checkCancellation()
        guard deadline.nanoseconds > concerto_now() else { return }
        let service = TimerService.shared
        let node = TimerNode(deadline: deadline.nanoseconds, payload: .none, service: service)
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { service.sleep(node, $0) }
        } onCancel: {
            service.cancelSleep(node)
        }
    }
}

extension TimerClock where Self == MonotonicClock {
    /// The system's monotonic clock.
    public static var monotonic: MonotonicClock { MonotonicClock() }
}
