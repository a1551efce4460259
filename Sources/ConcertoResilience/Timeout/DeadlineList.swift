/// The deadlines of all running bodies of one ``Timeout``, under at most one timer.
///
/// All bodies get the same time, so their deadlines come in the order in which the bodies begin: a list, appended at
/// the tail, is sorted by itself. The timer stands for the head as it was when the timer was set; if that body has
/// ended, the timer finds nothing due and is set for the present head: one timer per limit, not per call. A
/// deadline that the context has lowered below the tail's, or below the instant for which the timer stands, gets a
/// timer of its own.
///
/// **Invariant.** While the list holds an entry, the timer stands at or before the head's deadline.
///
/// Entries are reused: a call allocates none once as many exist as bodies have run at the same time.
final class DeadlineList: Sendable {
    fileprivate struct State: ~Copyable {
        var head: DeadlineEntry?
        unowned(unsafe) var tail: DeadlineEntry?
        var free: DeadlineEntry?
        var freeCount = 0
        /// For when the timer stands; `nil` if there is none. It may stand for a body that has ended.
        var timerAt: TimerInstant?
        var timer: (any ScheduledTimer)?
    }

    private static let mostFreeEntries = 1_024

    private let clock: StrategyClock
    private let state = Guarded(State())

    init(clock: StrategyClock) {
        self.clock = clock
    }

    /// Ends the list's life: called when nobody can begin a body any more and none runs.
    ///
    /// The timer holds the list, and the list the timer. (A weak reference would do, but it makes every retain and release
    /// of the list slow.) Without this, a timeout made for one call would leave both behind for the whole limit.
    func close() {
        let timer = state.withLock { state in
            state.timerAt = nil
            return state.timer.take()
        }
        timer?.cancel()
    }

    /// An entry that expires at `deadline`, for a child that is about to start.
    func begin(deadline: TimerInstant) -> DeadlineEntry {
        var needsOwnTimer = false
        var needsTimer = false
        let entry = state.withLock { state in
            let entry = state.takeFree() ?? DeadlineEntry()
            entry.deadline = deadline
            if state.comesLater(than: deadline) {
                needsOwnTimer = true
            } else {
                state.append(entry)
                needsTimer = state.timerAt == nil
                if needsTimer { state.timerAt = deadline }
            }
            return entry
        }
        if needsTimer { setTimer(for: deadline) }
        if needsOwnTimer {
            let use = entry.use
            entry.timer = clock.base.schedule(at: deadline) { self.expire(entry, use) }
        }
        return entry
    }

    /// Takes the entry back. Called when neither the child nor the caller's cancellation can touch it any more.
    func recycle(_ entry: DeadlineEntry) {
        if let timer = entry.timer.take() { timer.cancel() }
        state.withLock { state in
            state.unlink(entry)
            entry.reset()
            entry.use += 1
            state.putFree(entry, unlessMoreThan: Self.mostFreeEntries)
        }
    }

    private func expire(_ entry: DeadlineEntry, _ use: UInt64) {
        let mustCancel = state.withLock { _ in entry.use == use && entry.beginCancelling(isExpired: true) }
        if mustCancel { cancel(entry) }
    }

    /// Cancels on a thread of its own what a timer of the system has found due: the body's cancellation handlers are
    /// foreign code, and where timers are driven nothing may block. The clock of a test fires where it is moved.
    private func cancel(_ entry: DeadlineEntry) {
        guard clock.other == nil else { return entry.finishCancelling() }
        CancellationThreads.shared.run { entry.finishCancelling() }
    }

    private func setTimer(for deadline: TimerInstant) {
        let timer = clock.base.schedule(at: deadline) { self.timerFired() }
        // It may have fired meanwhile, or the list may have been closed; then `timerAt` is another.
        let isSurplus = state.withLock { state in
            guard state.timerAt == deadline else { return true }
            state.timer = timer
            return false
        }
        if isSurplus { timer.cancel() }
    }

    /// Expires what is due, one entry at a time, because cancelling happens outside the lock.
    private func timerFired() {
        let now = clock.now
        var next: TimerInstant?
        while true {
            let (due, mustCancel) = state.withLock { state -> (DeadlineEntry?, Bool) in
                guard let head = state.head, head.deadline <= now else {
                    next = state.head?.deadline
                    state.timerAt = next
                    return (nil, false)
                }
                state.unlink(head)
                return (head, head.beginCancelling(isExpired: true))
            }
            guard let due else { break }
            if mustCancel { cancel(due) }
        }
        if let next { setTimer(for: next) }
    }
}

extension DeadlineList.State {
    mutating func takeFree() -> DeadlineEntry? {
        guard let entry = free else { return nil }
        free = entry.next
        entry.next = nil
        freeCount -= 1
        return entry
    }

    /// Whether the last entry expires, or the timer fires, later than `deadline`.
    func comesLater(than deadline: TimerInstant) -> Bool {
        if let tail, tail.deadline > deadline { return true }
        if let timerAt, timerAt > deadline { return true }
        return false
    }

    mutating func putFree(_ entry: DeadlineEntry, unlessMoreThan limit: Int) {
        guard freeCount < limit else { return }
        entry.next = free
        free = entry
        freeCount += 1
    }

    mutating func append(_ entry: DeadlineEntry) {
        entry.previous = tail
        if let tail { tail.next = entry } else { head = entry }
        tail = entry
        entry.isLinked = true
    }

    mutating func unlink(_ entry: DeadlineEntry) {
        guard entry.isLinked else { return }
        entry.isLinked = false
        let next = entry.next
        next?.previous = entry.previous
        if next == nil { tail = entry.previous }
        if let previous = entry.previous { previous.next = next } else { head = next }
        entry.previous = nil
        entry.next = nil
    }
}
