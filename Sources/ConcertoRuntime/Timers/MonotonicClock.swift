/// The default ``TimerClock``: the system's monotonic clock, which stands still while the machine sleeps.
public struct MonotonicClock: TimerClock {
    /// Creates the clock; all instances are the same clock.
    @inlinable
    public init() {}

    /// Nanoseconds of `CLOCK_MONOTONIC` since the process first looked.
    public var now: TimerInstant {
        let elapsed = SuspendingClock.Instant.now - Self.origin
        return TimerInstant(nanoseconds: elapsed.saturatingNanoseconds)
    }

    /// One tick of the timer wheel: a timer is late by no more than this on an idle machine.
    public var minimumResolution: Duration { .milliseconds(1) }

    private static let origin = SuspendingClock.Instant.now

    /// Calls `action` once after `deadline`; see ``TimerClock/schedule(at:_:)``.
    public func schedule(
        at deadline: TimerInstant, _ action: @escaping @Sendable () -> Void
    ) -> any ScheduledTimer {
        TaskTimer(after: now.duration(to: deadline), action)
    }
}

extension TimerClock where Self == MonotonicClock {
    /// The system's monotonic clock.
    public static var monotonic: MonotonicClock { MonotonicClock() }
}
