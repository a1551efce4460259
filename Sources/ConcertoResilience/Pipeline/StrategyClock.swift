/// A clock as strategies hold it: the system's monotonic clock is read without going through an existential.
@usableFromInline
struct StrategyClock: Sendable {
    /// `nil`: the monotonic clock.
    @usableFromInline let other: (any TimerClock)?

    @usableFromInline static let monotonic = StrategyClock(MonotonicClock())

    @usableFromInline
    init(_ clock: any TimerClock) {
        other = clock is MonotonicClock ? nil : clock
    }

    @inlinable
    var now: TimerInstant {
        guard let other else { return MonotonicClock().now }
        return other.now
    }

    @usableFromInline
    var base: any TimerClock { other ?? MonotonicClock() }

    /// Whether both show the same time. Clocks that are values without state are the same if their types are.
    @inlinable
    func isSame(as clock: StrategyClock) -> Bool {
        guard other != nil || clock.other != nil else { return true }
        return isSameSlow(clock)
    }

    @usableFromInline
    func isSameSlow(_ clock: StrategyClock) -> Bool {
        guard let left = other, let right = clock.other, type(of: left) == type(of: right) else { return false }
        guard type(of: left) is AnyClass else { return true }
        return (left as AnyObject) === (right as AnyObject)
    }

    nonisolated(nonsending)
        func sleep(until deadline: TimerInstant) async throws
    {
        try await base.sleep(until: deadline, tolerance: nil)
    }
}
