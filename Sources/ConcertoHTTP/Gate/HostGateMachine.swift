#if HTTP
import Concerto

/// The decisions of a ``HostGate``: who may call now, and what an answer changes.
///
/// - `inFlight ≤ limit` whenever a call is let in, where `limit` is the smaller of the configured maximum and the
///   window of a slow start.
/// - Nobody is let in while the host has asked to be left alone.
/// - Repeated calls go before new ones, each in the order of their coming: a row that has been turned away does not
///   queue up behind the whole input.
struct HostGateMachine<Waiter: Sendable>: Sendable {
    enum Entry {
        case admitted
        case waits(ticket: UInt64)
    }

    /// What the caller must do outside the lock.
    struct Actions {
        var admitted: [Waiter] = []
        /// The gate opens again at this instant: call ``open(now:)`` then.
        var timer: TimerInstant?
    }

    private(set) var inFlight = 0
    private(set) var pausedUntil: TimerInstant?
    /// Closed for so long altogether; overlapping requests count once.
    private(set) var pausedTotal = Duration.zero
    /// Calls the gate lets in at a time after a refusal: doubles with every answer that is none. `nil` is no window.
    private(set) var window: Int?
    private let maximum: Int
    private var repeats: [(ticket: UInt64, waiter: Waiter)] = []
    private var firsts: [(ticket: UInt64, waiter: Waiter)] = []
    private var tickets: UInt64 = 0

    /// From here on a window is no limit any more.
    private static var widestWindow: Int { 1024 }

    init(maximum: Int?) { self.maximum = maximum ?? .max }

    var waiting: Int { repeats.count + firsts.count }

    private var hasRoom: Bool { pausedUntil == nil && inFlight < min(maximum, window ?? .max) }

    mutating func tryEnter() -> Bool {
        guard hasRoom, waiting == 0 else { return false }
        inFlight += 1
        return true
    }

    mutating func enter(isRepeat: Bool, _ waiter: Waiter) -> Entry {
        if hasRoom, isRepeat ? repeats.isEmpty : waiting == 0 {
            inFlight += 1
            return .admitted
        }
        tickets += 1
        if isRepeat { repeats.append((tickets, waiter)) } else { firsts.append((tickets, waiter)) }
        return .waits(ticket: tickets)
    }

    /// Takes a waiter back that gave up; `nil` if it has been let in already and keeps its place.
    mutating func withdraw(ticket: UInt64) -> Waiter? {
        if let index = repeats.firstIndex(where: { $0.ticket == ticket }) { return repeats.remove(at: index).waiter }
        if let index = firsts.firstIndex(where: { $0.ticket == ticket }) { return firsts.remove(at: index).waiter }
        return nil
    }

    mutating func leave(_ outcome: HostGate.Outcome, now: TimerInstant) -> Actions {
        inFlight -= 1
        var actions = Actions()
        switch outcome {
        case .answered:
            if let open = window { window = open >= Self.widestWindow ? nil : open * 2 }
        case .abandoned:
            break
        case .refused(let pause):
            window = 1
            if let pause, pause > .zero { actions.timer = close(until: now.advanced(by: pause), now: now) }
        }
        actions.admitted = admit()
        return actions
    }

    /// Opens the gate if its time has come.
    mutating func open(now: TimerInstant) -> Actions {
        guard let until = pausedUntil else { return Actions() }
        guard now >= until else { return Actions(timer: until) }
        pausedUntil = nil
        return Actions(admitted: admit())
    }

    private mutating func close(until: TimerInstant, now: TimerInstant) -> TimerInstant? {
        let before = pausedUntil ?? now
        guard until > before else { return nil }
        pausedTotal += before.duration(to: until)
        defer { pausedUntil = until }
        // A timer for the earlier instant is under way; `open` re-arms it.
        return pausedUntil == nil ? until : nil
    }

    private mutating func admit() -> [Waiter] {
        var admitted: [Waiter] = []
        while hasRoom, waiting > 0 {
            inFlight += 1
            admitted.append((repeats.isEmpty ? firsts.removeFirst() : repeats.removeFirst()).waiter)
        }
        return admitted
    }
}
#endif
