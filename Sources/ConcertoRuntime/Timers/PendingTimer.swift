/// The one timer of something that may want another time, or none, before the timer has been set.
///
/// It lives in the state that the host's lock protects, and all its functions are called under that lock. A timer itself
/// is never set or cancelled there (that takes the clock's lock, and an action may run at once on another thread), so
/// between "a timer is wanted" and "here it is" anything may happen: the host withdraws its request, asks for another
/// time, or the timer fires before the host has got hold of it. Three steps decide that race in one way:
///
/// 1. under the lock ``request(at:)`` notes what is wanted, and hands out a ``Change``;
/// 2. outside the lock `TimerClock.perform(_:action:keep:)` cancels the timer that is stale and sets the new one;
/// 3. under the lock again ``keep(_:for:)`` keeps the new timer, unless its request does not stand any more: then it is
///    surplus and is cancelled.
///
/// The action of a timer asks ``fire(_:)`` first, under the lock.
///
/// **Invariant.** A timer acts only for the request that stands when it fires, and at most once for it. Whatever the
/// order of steps, once all changes have been performed there is a set timer for the request that stands, if one does,
/// and no other. `PendingTimerTests` walks through all orders of a small number of them.
package struct PendingTimer: Sendable {
    /// What is wanted: a call at `deadline`. Each request is another one, also for the same instant.
    package struct Request: Sendable, Equatable {
        package let deadline: TimerInstant
        fileprivate let number: UInt64
    }

    /// What to do outside the lock.
    package struct Change: Sendable {
        fileprivate var stale: (any ScheduledTimer)?
        fileprivate var request: Request?

        /// All that a withdrawal asks for; no clock is needed.
        package func cancelStale() { stale?.cancel() }
    }

    /// The request that stands, from ``request(at:)`` to ``withdraw()`` or ``fire(_:)``.
    package private(set) var request: Request?
    private var timer: (any ScheduledTimer)?
    private var requests: UInt64 = 0

    package init() {}

    /// Wants to be called at `deadline`, and at no other time that was wanted before.
    package mutating func request(at deadline: TimerInstant) -> Change {
        requests &+= 1
        let request = Request(deadline: deadline, number: requests)
        self.request = request
        return Change(stale: timer.take(), request: request)
    }

    /// Wants no call any more.
    package mutating func withdraw() -> Change {
        request = nil
        return Change(stale: timer.take())
    }

    /// Keeps the timer that was set for `request`.
    ///
    /// - Returns: `false` if the request does not stand any more: the timer is surplus, and the caller cancels it.
    package mutating func keep(_ timer: any ScheduledTimer, for request: Request) -> Bool {
        guard self.request == request else { return false }
        self.timer = timer
        return true
    }

    /// Called first by the action of a timer.
    ///
    /// - Returns: Whether `request` still stands; it is done then, and the next one may be made under the same lock.
    package mutating func fire(_ request: Request) -> Bool {
        guard self.request == request else { return false }
        self.request = nil
        timer = nil
        return true
    }
}

extension TimerClock {
    /// Does what a ``PendingTimer`` asked for, outside the lock of its host.
    ///
    /// - Parameters:
    ///   - action: What the timer calls; it asks ``PendingTimer/fire(_:)`` first.
    ///   - keep: Takes the host's lock and calls ``PendingTimer/keep(_:for:)``.
    package func perform(
        _ change: PendingTimer.Change,
        action: @escaping @Sendable (PendingTimer.Request) -> Void,
        keep: (any ScheduledTimer, PendingTimer.Request) -> Bool
    ) {
        change.cancelStale()
        guard let request = change.request else { return }
        let timer = schedule(at: request.deadline) { action(request) }
        if !keep(timer, request) { timer.cancel() }
    }
}
