import Synchronization

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
    private let state = Mutex(State())

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
            let entry = state.takeFree()
            entry.phase = .starting
            entry.isRunning = true
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
            // Only the caller's task, between `begin` and `recycle`, uses `timer`.
            entry.timer = clock.base.schedule(at: deadline) { self.expire(entry, use) }
        }
        return entry
    }

    /// Tells the entry its task. Called by the child; it cancels itself if that was asked for before.
    func attach(_ task: UnsafeMutableRawPointer, to entry: DeadlineEntry) {
        let isCancelled = state.withLock { _ in
            entry.phase = entry.isCancelled ? .cancelled : .running(task)
            return entry.isCancelled
        }
        if isCancelled { _PoolInternals.cancel(task) }
    }

    /// Cancels the entry's task, because the caller is cancelled.
    func cancel(_ entry: DeadlineEntry) {
        let task = state.withLock { _ in Self.beginCancelling(entry) }
        if let task { cancel(task, of: entry) }
    }

    /// Ends the entry. Called by the child as the last thing it does.
    ///
    /// Its `isExpired` does not change any more after that.
    ///
    /// - Returns: Whether somebody is cancelling the child at this moment; then ``waitForCanceller(of:)`` must follow.
    func finish(_ entry: DeadlineEntry) -> Bool {
        state.withLock { state in
            state.unlink(entry)
            entry.isRunning = false
            if case .cancelling = entry.phase { return true }
            entry.phase = .idle
            return false
        }
    }

    nonisolated(nonsending)
        func waitForCanceller(of entry: DeadlineEntry) async
    {
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { _ in
                guard case .cancelling = entry.phase else { return true }
                entry.phase = .cancelling(finisher: continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Takes the entry back. Called when neither the child nor the caller's cancellation can touch it any more.
    func recycle(_ entry: DeadlineEntry) {
        entry.timer?.cancel()
        entry.timer = nil
        state.withLock { $0.putFree(entry, unlessMoreThan: Self.mostFreeEntries) }
    }

    private func cancel(_ task: UnsafeMutableRawPointer, of entry: DeadlineEntry) {
        _PoolInternals.cancel(task)
        let finisher = state.withLock { _ -> UnsafeContinuation<Void, Never>? in
            guard case .cancelling(let finisher) = entry.phase else { return nil }
            entry.phase = .cancelled
            return finisher
        }
        finisher?.resume()
    }

    /// - Returns: The task that the caller must cancel once it has left the lock.
    private static func beginCancelling(_ entry: DeadlineEntry) -> UnsafeMutableRawPointer? {
        entry.isCancelled = true
        guard case .running(let task) = entry.phase else { return nil }
        entry.phase = .cancelling(finisher: nil)
        return task
    }

    private func expire(_ entry: DeadlineEntry, _ use: UInt64) {
        let task = state.withLock { _ -> UnsafeMutableRawPointer? in
            guard entry.use == use else { return nil }
            return Self.expire(entry)
        }
        if let task { cancel(task, of: entry) }
    }

    private static func expire(_ entry: DeadlineEntry) -> UnsafeMutableRawPointer? {
        // Unlinked, and so ended, entries with a timer of their own come here too.
        guard entry.isRunning else { return nil }
        entry.isExpired = true
        return beginCancelling(entry)
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
            var due: DeadlineEntry?
            let task = state.withLock { state -> UnsafeMutableRawPointer? in
                guard let head = state.head, head.deadline <= now else {
                    next = state.head?.deadline
                    state.timerAt = next
                    return nil
                }
                due = head
                state.unlink(head)
                return Self.expire(head)
            }
            guard let due else { break }
            if let task { cancel(task, of: due) }
        }
        if let next { setTimer(for: next) }
    }
}

extension DeadlineList.State {
    mutating func takeFree() -> DeadlineEntry {
        guard let entry = free else { return DeadlineEntry() }
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
        entry.error = nil
        entry.phase = .idle
        entry.isCancelled = false
        entry.isExpired = false
        entry.use += 1
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
