/// Token bucket and GCRA: the same meter, seen from two sides.
///
/// It keeps one number, the *theoretical arrival time*: when everything admitted so far would have been earned at the
/// steady rate. A bucket of `burst` tokens that refills continuously is full when that time has passed, and has
/// `(now + burst · interval − time) / interval` tokens otherwise.
///
/// Exact: times are kept in units of 1/`limit` nanosecond, of which one permit costs `period`, a whole number. So *n*
/// permits in a stretch of time *w* implies `n ≤ burst + w · limit / period`, without rounding.
struct RateMeter: Sendable {
    private let unitsPerNanosecond: Int128
    private let cost: Int128
    private let tolerance: Int128
    private var time: Int128
    private var latest: TimerInstant

    init(_ limit: RateLimit, available: Int, at now: TimerInstant) {
        unitsPerNanosecond = Int128(limit.limit)
        cost = Int128(limit.period.saturatingNanoseconds)
        tolerance = cost * Int128(limit.burst)
        latest = now
        time = Int128(now.nanoseconds) * unitsPerNanosecond + Int128(limit.burst - available) * cost
    }

    func available(at now: TimerInstant) -> Int {
        let now = units(max(now, latest))
        let free = now + tolerance - max(time, now)
        // Rounded down, also below zero.
        let whole = free / cost
        return Int(clamping: free < 0 && whole * cost != free ? whole - 1 : whole)
    }

    func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant {
        let now = max(now, latest)
        let needed = max(time, units(now)) + Int128(weight) * cost - tolerance
        guard needed > units(now) else { return now }
        let nanoseconds = (needed + unitsPerNanosecond - 1) / unitsPerNanosecond
        return TimerInstant(nanoseconds: Int64(clamping: nanoseconds))
    }

    mutating func take(_ weight: Int, at now: TimerInstant, mayWait: Bool) -> TimerInstant {
        latest = max(now, latest)
        let present = units(latest)
        let next = max(time, present) + Int128(weight) * cost
        if next - tolerance <= present {
            time = next
            return now
        }
        let instant = earliest(weight, at: latest)
        // As if it came at the whole nanosecond at which it may be used: two reservations that are both rounded up
        // would otherwise be closer together than the rate allows.
        if mayWait { time = units(instant) + tolerance }
        return instant
    }

    /// As if `weight` of what was taken had not been. More than that is no credit.
    mutating func giveBack(_ weight: Int, at now: TimerInstant) {
        latest = max(now, latest)
        time = max(time - Int128(weight) * cost, units(latest))
    }

    private func units(_ instant: TimerInstant) -> Int128 {
        Int128(instant.nanoseconds) * unitsPerNanosecond
    }
}
