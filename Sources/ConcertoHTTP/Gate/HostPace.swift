#if HTTP
import Concerto

/// How fast a host is called that refuses calls (429) without saying when to come back.
///
/// The host's limit is unknown, so it is looked for: a refusal sets the pace to nine tenths of what the host has answered
/// in the last second (as TCP Westwood does with its estimate of the bandwidth; Mascolo et al. 2001), and as long as
/// nothing is refused the pace rises, quickly until the limit has been found once, slowly from then on. Without it,
/// each row would back off on its own, and together they would run into the limit again and again.
///
/// Calls that were under way when the pace was last lowered say nothing about the new pace, so as many outcomes as there
/// were such calls are not counted against it.
struct HostPace: Sendable {
    /// Calls a second; `nil` while nothing has been refused.
    private(set) var rate: Double?
    private var next = TimerInstant(nanoseconds: .min)
    private var raised = TimerInstant(nanoseconds: 0)
    private var stale = 0
    /// The limit has been met at a pace of ours, not only by a burst.
    private var foundLimit = false
    private var goodput = Goodput()

    private static let slowest = 0.1
    /// From here on a pace is none any more.
    private static let fastest = 20_000.0
    private static let raiseInterval = Duration.milliseconds(250)
    /// Admissions that a late timer may catch up on.
    private static let slack = Duration.milliseconds(5)

    /// When the next call may go; `nil` for at once.
    func wait(at now: TimerInstant) -> TimerInstant? {
        guard rate != nil, next > now else { return nil }
        return next
    }

    /// A call goes.
    mutating func admitted(at now: TimerInstant) {
        guard let rate else { return }
        let start = max(next, now.advanced(by: .zero - Self.slack))
        next = start.advanced(by: .seconds(1 / rate))
    }

    /// A call was answered with something else than a refusal.
    mutating func answered(at now: TimerInstant) {
        goodput.count(at: now)
        if stale > 0 { stale -= 1 }
        guard let current = rate, raised.duration(to: now) >= Self.raiseInterval else { return }
        raised = now
        let faster = current * (foundLimit ? 1.05 : 1.25)
        rate = faster < Self.fastest ? faster : nil
    }

    /// A call was refused without a word about when to come back.
    ///
    /// - Parameter inFlight: Calls that are still under way.
    mutating func refused(at now: TimerInstant, inFlight: Int) {
        guard stale == 0 else {
            stale -= 1
            return
        }
        foundLimit = rate != nil
        let measured = goodput.perSecond(at: now) * 0.9
        rate = max(Self.slowest, measured, (rate ?? 2) * 0.5)
        stale = inFlight
        raised = now
        next = now
        admitted(at: now)
    }
}

/// Answers in the last second: a sliding window of two buckets, the older one weighted by what of it still counts.
private struct Goodput: Sendable {
    private var start = TimerInstant(nanoseconds: 0)
    private var current = 0.0
    private var previous = 0.0

    mutating func count(at now: TimerInstant) {
        roll(to: now)
        current += 1
    }

    mutating func perSecond(at now: TimerInstant) -> Double {
        roll(to: now)
        let elapsed = start.duration(to: now) / .seconds(1)
        return previous * (1 - min(1, elapsed)) + current
    }

    private mutating func roll(to now: TimerInstant) {
        let elapsed = start.duration(to: now)
        guard elapsed >= .seconds(1) else { return }
        previous = elapsed < .seconds(2) ? current : 0
        current = 0
        start = elapsed < .seconds(2) ? start.advanced(by: .seconds(1)) : now
    }
}
#endif
