/// A clock as strategies and contexts hold it: one word, and the system's monotonic clock is read without going through
/// an existential.
@usableFromInline
struct StrategyClock: Sendable {
    /// `nil`: the monotonic clock.
    @usableFromInline let other: ClockBox?

    @usableFromInline static var monotonic: StrategyClock { StrategyClock(other: nil) }

    @inlinable
    init(other: ClockBox?) {
        self.other = other
    }

    @usableFromInline
    init(_ clock: any TimerClock) {
        other = clock is MonotonicClock ? nil : ClockBox(clock)
    }

    @inlinable
    var now: TimerInstant {
        guard let other else { return MonotonicClock().now }
        return other.clock.now
    }

    @usableFromInline
    var base: any TimerClock { other?.clock ?? MonotonicClock() }

    /// Whether both show the same time. Clocks that are values without state are the same if their types are.
    @inlinable
    func isSame(as clock: StrategyClock) -> Bool {
        other === clock.other || isSameSlow(clock)
    }

    @usableFromInline
    func isSameSlow(_ clock: StrategyClock) -> Bool {
        guard let left = other?.clock, let right = clock.other?.clock, type(of: left) == type(of: right) else {
            return false
        }
        guard type(of: left) is AnyClass else { return true }
        return (left as AnyObject) === (right as AnyObject)
    }

    nonisolated(nonsending)
        func sleep(until deadline: TimerInstant) async throws
    {
        try await base.sleep(until: deadline, tolerance: nil)
    }
}

@usableFromInline
final class ClockBox: Sendable {
    @usableFromInline let clock: any TimerClock

    init(_ clock: any TimerClock) {
        self.clock = clock
    }
}
