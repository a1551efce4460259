public import Concerto
public import ConcertoRuntime

/// Ticks in a fixed rhythm, each with its instant; those that nobody waited for are one.
///
/// The first comes after one period. A loop that takes longer than a period gets one tick at once and then goes on in the
/// rhythm: never two at once.
/// - Cancellation: ends the wait.
/// - Where it runs: on the caller's executor. Nothing is started; one timer.
/// - Throws: `ArgumentError` if `period` is not positive.
public func ticks(
    every period: Duration, clock: any TimerClock = MonotonicClock()
) throws(ArgumentError) -> AsyncGenerator<TimerInstant> {
    guard period > .zero else { throw ArgumentError("period", period, "it must be positive") }
    return AsyncGenerator { yield in
        let timer = try PeriodicTimer(period: period, clock: clock)
        while try await timer.waitForNextTick() { try await yield(clock.now) }
    }
}
