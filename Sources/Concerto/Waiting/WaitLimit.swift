import ConcertoRuntime

/// What ends a wait besides its host and the task's own cancellation: a token, a deadline on a clock, both or neither.
@usableFromInline
package struct WaitLimit: Sendable {
    @usableFromInline package var cancellation: CancellationToken
    @usableFromInline package var deadline: TimerInstant?
    @usableFromInline package var clock: any TimerClock

    /// Creates a limit.
    @usableFromInline
    package init(
        cancellation: CancellationToken = .none, deadline: TimerInstant? = nil,
        clock: any TimerClock = MonotonicClock()
    ) {
        self.cancellation = cancellation
        self.deadline = deadline
        self.clock = clock
    }

    /// Waits for as long as it takes.
    @usableFromInline
    package static var none: WaitLimit { WaitLimit() }

    @usableFromInline
    package var isNone: Bool { deadline == nil && !cancellation.canBeCancelled }

    /// Waits for at most `timeout` on `clock`.
    package static func timeout(
        _ timeout: Duration, clock: any TimerClock, cancellation: CancellationToken
    ) -> WaitLimit {
        WaitLimit(cancellation: cancellation, deadline: clock.now.advanced(by: timeout), clock: clock)
    }
}
