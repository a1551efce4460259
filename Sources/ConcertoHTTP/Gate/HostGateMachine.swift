#if HTTP
import Concerto
import ConcertoResilience

/// The decisions of a ``HostGate``: who may call now, and what an answer changes. Who waits stands in the gate's queues.
///
/// - `inFlight ≤ limit` whenever a call is let in, where `limit` is the smallest of the configured maximum, the window of a
///   slow start and, where one is looked for, the number of calls that the host bears.
/// - Nobody is let in while the host has asked to be left alone, nor faster than its pace.
/// - While somebody waits for time alone (a pause, a pace), a timer is under way that comes in time.
struct HostGateMachine: Sendable {
    private(set) var inFlight = 0
    private(set) var pausedUntil: TimerInstant?
    /// Closed for so long altogether; overlapping requests count once.
    private(set) var pausedTotal = Duration.zero
    /// Calls the gate lets in at a time after a pause: doubles with every answer that is no refusal. `nil` is no window.
    private(set) var window: Int?
    private(set) var pace = HostPace()
    /// Finds out how many calls the host bears; `nil` if nobody wants to know.
    private(set) var adaptive: AdaptivePermits?
    /// What the latest refusal was answered with.
    private var refusal = 429
    /// Since when the host has answered nothing but refusals; `nil` if its latest answer was none.
    private var refusesSince: TimerInstant?
    private var maximum: Int
    /// Whether the maximum has been lowered, and answers since it was last changed.
    private var isLowered = false
    private var answers = 0
    /// For when the timer is set that counts; one set for later before finds nothing to do.
    private var timerAt: TimerInstant?
    /// Bits that say whose turn it is. No fixed order: a host that refuses every second call would always meet the same kind.
    private var turns: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// From here on a window is no limit any more.
    private static var widestWindow: Int { 1024 }

    init(maximum: Int?, adaptive: AdaptivePermits? = nil) {
        self.maximum = maximum ?? .max
        self.adaptive = adaptive
    }

    var hold: HostHold? {
        if pausedUntil != nil { return .asked(status: refusal) }
        return pace.rate.map { .refuses(status: refusal, perSecond: $0) }
    }

    /// Lets a call in if it needs no wait.
    mutating func tryEnter(isRepeat: Bool, now: TimerInstant) -> HostPace.Pass? {
        guard hasRoom(now: now) else { return nil }
        inFlight += 1
        adaptive?.take()
        return pace.admitted(isRepeat: isRepeat, at: now)
    }

    func hasRoom(now: TimerInstant) -> Bool {
        pausedUntil == nil && inFlight < min(maximum, window ?? .max, adaptive?.limit ?? .max)
            && pace.wait(at: now) == nil
    }

    /// Whether a repeated call goes next, where new ones wait too. Repeated ones go first: a row that has been turned away does
    /// not queue up behind the whole input. Where the pace is being looked for, the two take turns.
    mutating func takesRepeat() -> Bool {
        guard pace.takesTurns else { return true }
        turns ^= turns << 13
        turns ^= turns >> 7
        turns ^= turns << 17
        return turns & 1 == 0
    }

    /// - Parameters:
    ///   - generation: Of the adaptive limit, when the call was let in.
    ///   - latency: How long the answer took, if it says something about the host's load.
    mutating func leave(
        _ pass: HostPace.Pass, _ outcome: HostGate.Outcome, generation: Int = 0, latency: Duration? = nil,
        now: TimerInstant
    ) {
        inFlight -= 1
        adaptive?.leave(
            generation, latency: outcome.isAnswer ? latency?.saturatingNanoseconds : nil,
            isOverload: outcome.isOverload, at: now)
        switch outcome {
        case .answered:
            refusesSince = nil
            if isLowered { raiseMaximum() }
            if let open = window { window = open >= Self.widestWindow ? nil : open * 2 }
            pace.answered(pass, at: now)
        case .failed, .abandoned:
            pace.abandoned(pass, at: now)
        case .refused(let pause?, let status) where pause > .zero:
            note(refusal: status, now: now)
            pace.abandoned(pass, at: now)
            window = 1
            close(until: now.advanced(by: pause), now: now)
        case .refused(_, let status):
            note(refusal: status, now: now)
            pace.refused(pass, at: now)
        }
    }

    /// How long the host has answered nothing but refusals.
    func refusesOnly(now: TimerInstant) -> Duration { refusesSince?.duration(to: now) ?? .zero }

    /// What the maximum has been lowered to; `nil` if it has not.
    var lowered: Int? { isLowered ? maximum : nil }

    /// No more calls from now on than are in flight, but one.
    mutating func lowerMaximum() {
        maximum = max(1, min(maximum, inFlight))
        isLowered = true
        answers = 0
    }

    /// By one for four times as many answers as there are calls at a time.
    private mutating func raiseMaximum() {
        answers += 1
        guard answers >= 4 * maximum else { return }
        answers = 0
        maximum += 1
    }

    /// From now on one call, then two, then four at a time.
    mutating func startSlowly() { window = 1 }

    /// Nobody from now on until then, and few at first after that.
    mutating func pause(until: TimerInstant, now: TimerInstant) {
        guard until > now else { return }
        window = 1
        close(until: until, now: now)
    }

    /// The time of a timer has come.
    ///
    /// - Parameter timer: For when it was set; `nil` for the one that counts.
    mutating func open(now: TimerInstant, timer: TimerInstant? = nil) {
        if timer == nil || timer == timerAt { timerAt = nil }
        if let until = pausedUntil, now >= until { pausedUntil = nil }
    }

    /// When a timer must fire, unless one is under way that will look again: a pause ends whether anybody waits or not; a
    /// pace matters to those who wait.
    mutating func armTimer(someoneWaits: Bool, now: TimerInstant) -> TimerInstant? {
        guard let instant = pausedUntil ?? (someoneWaits ? pace.wait(at: now) : nil) else { return nil }
        if let timerAt, timerAt <= instant { return nil }
        timerAt = instant
        return instant
    }

    private mutating func note(refusal status: Int, now: TimerInstant) {
        refusal = status
        if refusesSince == nil { refusesSince = now }
    }

    private mutating func close(until: TimerInstant, now: TimerInstant) {
        let before = pausedUntil ?? now
        guard until > before else { return }
        pausedTotal += before.duration(to: until)
        pausedUntil = until
    }
}

extension HostGate.Outcome {
    fileprivate var isAnswer: Bool { if case .answered = self { true } else { false } }

    /// Refused, or without an answer in time: the host has more to do than it bears.
    fileprivate var isOverload: Bool {
        switch self {
        case .refused, .failed: true
        case .answered, .abandoned: false
        }
    }
}
#endif
