/// A point in time of a ``TimerClock``: nanoseconds since an origin that the clock chooses.
///
/// Arithmetic saturates: adding a very long duration gives ``distantFuture``, never a trap.
public struct TimerInstant: InstantProtocol, Hashable, Sendable {
    /// Nanoseconds since the clock's origin.
    public var nanoseconds: Int64

    /// Creates an instant.
    ///
    /// - Parameter nanoseconds: Nanoseconds since the clock's origin.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The last instant a clock can name, some 292 years after its origin: a deadline that never comes.
    @inlinable
    public static var distantFuture: TimerInstant { TimerInstant(nanoseconds: .max) }

    /// The instant `duration` later, at most ``distantFuture``.
    @inlinable
    public func advanced(by duration: Duration) -> TimerInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.saturatingNanoseconds)
        guard overflow else { return TimerInstant(nanoseconds: sum) }
        return TimerInstant(nanoseconds: duration < .zero ? .min : .max)
    }

    /// How much later `other` is; negative if it is earlier.
    @inlinable
    public func duration(to other: TimerInstant) -> Duration {
        let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
        guard overflow else { return .nanoseconds(difference) }
        return .nanoseconds(other.nanoseconds < nanoseconds ? Int64.min : Int64.max)
    }

    /// Whether `left` comes before `right`.
    @inlinable
    public static func < (left: TimerInstant, right: TimerInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// This duration in whole nanoseconds, rounded towards zero; `Int64.min` or `.max` where it does not fit
    /// (about 292 years).
    @inlinable
    public var saturatingNanoseconds: Int64 {
        // First: a duration may hold more seconds than `components` can say, which ends the process.
        if self >= Self.longest { return .max }
        if self <= Self.shortest { return .min }
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    @inlinable
    static var longest: Duration { .nanoseconds(Int64.max) }
    @inlinable
    static var shortest: Duration { .nanoseconds(Int64.min) }
}
