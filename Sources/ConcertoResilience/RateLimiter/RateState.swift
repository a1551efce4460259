/// The state behind a ``RateLimit``, of whichever kind.
struct RateState: AdmissionPolicy {
    private(set) var limit: RateLimit
    private var meter: RateMeter
    /// In place of the meter. Not two cases of an enum: taken out of one to be changed, the entries would be copied each
    /// time.
    private var windows: RateWindows?

    init(_ limit: RateLimit, at now: TimerInstant) {
        self.init(limit, available: limit.burst, at: now)
    }

    private init(_ limit: RateLimit, available: Int, at now: TimerInstant) {
        self.limit = limit
        meter = RateMeter(limit, available: available, at: now)
        switch limit.kind {
        case .tokenBucket, .smooth: windows = nil
        case .fixedWindow: windows = RateWindows(limit, segments: 1, available: available, at: now)
        case .slidingWindow(let segments):
            windows = RateWindows(limit, segments: segments, available: available, at: now)
        }
    }

    /// What could be taken at once; negative after reservations.
    mutating func available(at now: TimerInstant) -> Int {
        windows?.available(at: now) ?? meter.available(at: now)
    }

    /// Continues under another limit: what has been used stays used, up to one burst of the new limit. More would
    /// stop everybody for (used / new limit) periods.
    ///
    /// Reservations go on: they are a debt beyond that burst, of no more than the new limit lets pass until the old
    /// one would have forgotten them.
    mutating func change(to limit: RateLimit, at now: TimerInstant) {
        let available = available(at: now)
        let used = self.limit.burst - available
        var mostReserved = 0
        if available < 0 {
            let span = earliest(self.limit.burst, at: now).nanoseconds - now.nanoseconds
            let period = Int128(limit.period.saturatingNanoseconds)
            let passing = (Int128(span) * Int128(limit.limit) + period - 1) / period
            mostReserved = min(-available, Int(clamping: passing))
        }
        self = RateState(limit, available: max(limit.burst - used, -mostReserved), at: now)
    }

    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
        guard weight <= limit.burst else { return .never }
        let instant = take(weight, at: now, mayWait: false)
        return instant <= now ? .granted(0) : .notBefore(instant)
    }

    func isNever(_ weight: Int) -> Bool { weight > limit.burst }

    /// Takes `weight` now or in the future.
    ///
    /// - Returns: When it may be used.
    mutating func reserve(_ weight: Int, at now: TimerInstant) -> TimerInstant {
        take(weight, at: now, mayWait: true)
    }

    /// As if `weight` had not been taken. A limit of windows keeps it: it may have been taken in a window that has passed.
    mutating func giveBack(_ weight: Int, at now: TimerInstant) {
        if windows == nil { meter.giveBack(weight, at: now) }
    }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant {
        windows?.earliest(weight, at: now) ?? meter.earliest(weight, at: now)
    }

    private mutating func take(_ weight: Int, at now: TimerInstant, mayWait: Bool) -> TimerInstant {
        windows?.take(weight, at: now, mayWait: mayWait) ?? meter.take(weight, at: now, mayWait: mayWait)
    }
}
