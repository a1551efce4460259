#if HTTP
import Concerto

/// The decisions of a ``HostGate``: who may call now, and what an answer changes.
///
/// - `inFlight ≤ limit` whenever a call is let in, where `limit` is the smaller of the configured maximum and the
///   window of a slow start.
/// - Nobody is let in while the host has asked to be left alone, nor faster than its pace.
/// - Repeated calls go before new ones, each in the order of their coming: a row that has been turned away does not
///   queue up behind the whole input.
/// - While somebody waits for time alone (a pause, a pace), a timer is under way that comes in time.
struct HostGateMachine<Waiter: Sendable>: Sendable {
    enum Entry {
        case admitted
        /// Waits; `timer`, if any, is when to call ``HostGateMachine/open(now:timer:)``.
        case waits(ticket: UInt64, timer: TimerInstant?)
    }

    /// What the caller must do outside the lock.
    struct Actions {
        var admitted: [Waiter] = []
        /// When to call ``HostGateMachine/open(now:timer:)``.
        var timer: TimerInstant?
    }

    private(set) var inFlight = 0
    private(set) var pausedUntil: TimerInstant?
    /// Closed for so long altogether; overlapping requests count once.
    private(set) var pausedTotal = Duration.zero
    /// Calls the gate lets in at a time after a pause: doubles with every answer that is no refusal. `nil` is no window.
    private(set) var window: Int?
    private(set) var pace = HostPace()
    /// What the latest refusal was answered with.
    private var refusal = 429
    private let maximum: Int
    private var repeats: [(ticket: UInt64, waiter: Waiter)] = []
    private var firsts: [(ticket: UInt64, waiter: Waiter)] = []
    private var tickets: UInt64 = 0
    /// For when the timer is set that counts; one set for later before finds nothing to do.
    private var timerAt: TimerInstant?

    /// From here on a window is no limit any more.
    private static var widestWindow: Int { 1024 }

    init(maximum: Int?) { self.maximum = maximum ?? .max }

    var waiting: Int { repeats.count + firsts.count }

    var hold: HostHold? {
        if pausedUntil != nil { return .asked(status: refusal) }
        return pace.rate.map { .refuses(status: refusal, perSecond: $0) }
    }

    mutating func tryEnter(now: TimerInstant) -> Bool {
        guard waiting == 0, hasRoom(now: now) else { return false }
        letIn(now: now)
        return true
    }

    mutating func enter(isRepeat: Bool, _ waiter: Waiter, now: TimerInstant) -> Entry {
        if isRepeat ? repeats.isEmpty : waiting == 0, hasRoom(now: now) {
            letIn(now: now)
            return .admitted
        }
        tickets += 1
        if isRepeat { repeats.append((tickets, waiter)) } else { firsts.append((tickets, waiter)) }
        return .waits(ticket: tickets, timer: armTimer(now: now))
    }

    /// Takes a waiter back that gave up; `nil` if it has been let in already and keeps its place.
    mutating func withdraw(ticket: UInt64) -> Waiter? {
        if let index = repeats.firstIndex(where: { $0.ticket == ticket }) { return repeats.remove(at: index).waiter }
        if let index = firsts.firstIndex(where: { $0.ticket == ticket }) { return firsts.remove(at: index).waiter }
        return nil
    }

    mutating func leave(_ outcome: HostGate.Outcome, now: TimerInstant) -> Actions {
        inFlight -= 1
        switch outcome {
        case .answered:
            if let open = window { window = open >= Self.widestWindow ? nil : open * 2 }
            pace.answered(at: now)
        case .abandoned:
            break
        case .refused(let pause?, let status) where pause > .zero:
            refusal = status
            window = 1
            close(until: now.advanced(by: pause), now: now)
        case .refused(_, let status):
            refusal = status
            pace.refused(at: now, inFlight: inFlight)
        }
        return admit(now: now)
    }

    /// The time of a timer has come.
    ///
    /// - Parameter timer: For when it was set; `nil` for the one that counts.
    mutating func open(now: TimerInstant, timer: TimerInstant? = nil) -> Actions {
        if timer == nil || timer == timerAt { timerAt = nil }
        if let until = pausedUntil, now >= until { pausedUntil = nil }
        return admit(now: now)
    }

    private func hasRoom(now: TimerInstant) -> Bool {
        pausedUntil == nil && inFlight < min(maximum, window ?? .max) && pace.wait(at: now) == nil
    }

    private mutating func letIn(now: TimerInstant) {
        inFlight += 1
        pace.admitted(at: now)
    }

    private mutating func close(until: TimerInstant, now: TimerInstant) {
        let before = pausedUntil ?? now
        guard until > before else { return }
        pausedTotal += before.duration(to: until)
        pausedUntil = until
    }

    private mutating func admit(now: TimerInstant) -> Actions {
        var actions = Actions()
        while waiting > 0, hasRoom(now: now) {
            letIn(now: now)
            actions.admitted.append((repeats.isEmpty ? firsts.removeFirst() : repeats.removeFirst()).waiter)
        }
        actions.timer = armTimer(now: now)
        return actions
    }

    /// When a timer must fire, unless one is under way that will look again: a pause ends whether anybody waits or not; a
    /// pace matters to those who wait.
    private mutating func armTimer(now: TimerInstant) -> TimerInstant? {
        guard let instant = pausedUntil ?? (waiting > 0 ? pace.wait(at: now) : nil) else { return nil }
        if let timerAt, timerAt <= instant { return nil }
        timerAt = instant
        return instant
    }
}
#endif
