public import ConcertoRuntime

/// Runs `body` and cancels it when `deadline` comes: the spelling and the semantics of SE-0526.
///
/// Reaching the deadline only cancels: `body` is always waited for, and what it returns or throws comes out, normally
/// `CancellationError`. Deadlines nest; the earliest one counts.
///
/// - Cancellation: of the caller cancels `body`.
/// - Where it runs: `body` stays on the caller's executor and actor, in a task of its own (on Swift 6.3); task-local
///   values reach it. Cancellation handlers inside of it, when the deadline comes on one of the system's clocks, run on
///   a thread that is there for that, about 20 µs later: they may block without holding up other timers, and they run
///   also while every thread of the pool computes.
/// - Allocates: a task and a timer.
/// - Parameters:
///   - deadline: When to cancel. One that has passed starts `body` cancelled.
///   - tolerance: How late the cancellation may come, not negative; timers may use it to wake up less often.
///   - clock: Measures `deadline`. A ``/ConcertoRuntime/TimerClock`` and the system's clocks cost a timer, others a sleeping task.
///   - body: What to do.
/// - Throws: What `body` throws.
nonisolated(nonsending)
    public func withDeadline<Success, Failure: Error, C: Clock>(
        _ deadline: C.Instant, tolerance: C.Instant.Duration? = nil, clock: C,
        body: nonisolated(nonsending) () async throws(Failure) -> Success
    ) async throws(Failure) -> Success
where C.Duration == Swift.Duration {
    demand(tolerance.map { $0 >= .zero } ?? true, "withDeadline needs a tolerance >= 0, not \(tolerance!)")
    var result: Result<Success, Failure>?
    await withCancellableScope(forwards: true, isCancelled: deadline <= clock.now) { cancel in
        DeadlineTimer.arm(at: deadline, tolerance: tolerance, on: clock, cancel)
    } body: {
        do throws(Failure) { result = .success(try await body()) } catch { result = .failure(error) }
    }
    return try result.unsafelyUnwrapped.get()
}

/// Runs `body` and cancels it when `deadline` comes, on the system's monotonic clock.
nonisolated(nonsending)
    public func withDeadline<Success, Failure: Error>(
        _ deadline: TimerInstant, body: nonisolated(nonsending) () async throws(Failure) -> Success
    ) async throws(Failure) -> Success
{
    try await withDeadline(deadline, clock: MonotonicClock(), body: body)
}

/// Runs `body` and cancels it after `duration`; see ``withDeadline(_:tolerance:clock:body:)``.
nonisolated(nonsending)
    public func withDeadline<Success, Failure: Error, C: Clock>(
        in duration: Duration, tolerance: Duration? = nil, clock: C,
        body: nonisolated(nonsending) () async throws(Failure) -> Success
    ) async throws(Failure) -> Success
where C.Duration == Swift.Duration {
    try await withDeadline(clock.now.advanced(by: duration), tolerance: tolerance, clock: clock, body: body)
}

/// Runs `body` and cancels it after `duration` of the system's monotonic clock.
nonisolated(nonsending)
    public func withDeadline<Success, Failure: Error>(
        in duration: Duration, tolerance: Duration? = nil,
        body: nonisolated(nonsending) () async throws(Failure) -> Success
    ) async throws(Failure) -> Success
{
    try await withDeadline(in: duration, tolerance: tolerance, clock: MonotonicClock(), body: body)
}

/// Turns a deadline on any clock into something that fires.
enum DeadlineTimer {
    static func arm<C: Clock>(
        at deadline: C.Instant, tolerance: Duration?, on clock: C, _ action: @escaping @Sendable () -> Void
    ) -> CancellableScopeArm where C.Duration == Duration {
        if let clock = clock as? any TimerClock, let deadline = deadline as? TimerInstant {
            // The system's timers must not wait for foreign code; the clock of a test fires where it is moved.
            guard clock is MonotonicClock else { return .timer(clock.schedule(at: deadline, action)) }
            return .timer(clock.schedule(at: deadline) { CancellationThreads.shared.run(action) })
        }
        if clock is ContinuousClock || clock is SuspendingClock {
            let monotonic = MonotonicClock()
            let left = clock.now.duration(to: deadline)
            return .timer(
                monotonic.schedule(at: monotonic.now.advanced(by: left)) { CancellationThreads.shared.run(action) })
        }
        return .task(
            Task {
                guard (try? await clock.sleep(until: deadline, tolerance: tolerance)) != nil else { return }
                action()
            })
    }
}
