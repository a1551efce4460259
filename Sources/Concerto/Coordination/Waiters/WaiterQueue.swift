/// The one queue under every primitive: an intrusive, doubly linked list of waiters, first in, first out.
///
/// It lives inside the state that the host's lock protects, and every function is called under that lock. Grant and
/// removal are one step; the tasks are resumed from the ``WakeList`` after the lock has been released.
///
/// - Complexity: O(1) for everything but ``failAll(with:into:)`` and ``grantAll(into:)``, which are O(waiters).
@usableFromInline
package struct WaiterQueue: ~Copyable, @unchecked Sendable {  // links are protected by the host's lock
    @usableFromInline unowned(unsafe) var head: Waiter?
    @usableFromInline unowned(unsafe) var tail: Waiter?

    /// How many tasks wait.
    @usableFromInline package private(set) var count = 0

    /// How many waits have been put to sleep since the queue was created.
    @usableFromInline package private(set) var total: UInt64 = 0

    /// Creates an empty queue.
    @inlinable
    package init() {}

    /// Whether nobody waits.
    @inlinable
    package var isEmpty: Bool { head == nil }

    /// The waiter whose turn is next.
    @inlinable
    package var first: Waiter? { head }

    /// The waiter that came last.
    @inlinable
    package var last: Waiter? { tail }

    /// Puts `waiter` at the end, unless a cancellation has already ended its wait.
    ///
    /// - Returns: Whether the waiter sleeps now: the answer for `admit` of ``Waiter/wait(_:admit:)``.
    @usableFromInline
    package mutating func append(_ waiter: Waiter) -> Bool {
        guard waiter.phase == .created else { return false }
        waiter.phase = .queued
        waiter.since = CoarseTime.now
        waiter.previous = tail
        waiter.next = nil
        if let tail { tail.next = waiter } else { head = waiter }
        tail = waiter
        count += 1
        total += 1
        return true
    }

    /// Puts `waiter` before all others; for hosts that must give a turn back.
    package mutating func prepend(_ waiter: Waiter) -> Bool {
        guard waiter.phase == .created else { return false }
        waiter.phase = .queued
        waiter.since = CoarseTime.now
        waiter.previous = nil
        waiter.next = head
        if let head { head.previous = waiter } else { tail = waiter }
        head = waiter
        count += 1
        total += 1
        return true
    }

    /// Grants the waiter whose turn it is and takes it out.
    @usableFromInline
    package mutating func grantFirst(into wakes: inout WakeList) -> Bool {
        guard let waiter = head else { return false }
        grant(waiter, into: &wakes)
        return true
    }

    /// Grants `waiter`, which must be in this queue, and takes it out.
    @usableFromInline
    package mutating func grant(_ waiter: Waiter, into wakes: inout WakeList) {
        take(waiter, as: .granted, into: &wakes)
    }

    /// Grants everybody, in order.
    @usableFromInline
    package mutating func grantAll(into wakes: inout WakeList) {
        while let waiter = head { take(waiter, as: .granted, into: &wakes) }
    }

    /// Ends the wait of everybody with `error`, in order.
    @usableFromInline
    package mutating func failAll(with error: any Error, into wakes: inout WakeList) {
        while let waiter = head {
            waiter.error = error
            take(waiter, as: .failed, into: &wakes)
        }
    }

    /// Takes `waiter` out if it is still waiting; one that is on its way to the queue will not enter it any more.
    ///
    /// - Returns: Whether the waiter was in the queue, so that others may have to be granted now.
    @usableFromInline
    package mutating func withdraw(
        _ waiter: Waiter, as outcome: Waiter.Outcome, into wakes: inout WakeList
    ) -> Bool {
        switch waiter.phase {
        case .left:
            return false
        case .created:
            waiter.phase = .left
            waiter.outcome = outcome
            return false
        case .queued:
            take(waiter, as: outcome, into: &wakes)
            return true
        }
    }

    /// How many tasks wait, and for how long the first of them has.
    package var statistics: WaitStatistics {
        WaitStatistics(
            waiters: count, waits: total, longestWait: head.map { CoarseTime.elapsed(since: $0.since) } ?? .zero)
    }

    private mutating func take(_ waiter: Waiter, as outcome: Waiter.Outcome, into wakes: inout WakeList) {
        assert(waiter.phase == .queued, "only a queued waiter can be taken out")
        if let previous = waiter.previous { previous.next = waiter.next } else { head = waiter.next }
        if let next = waiter.next { next.previous = waiter.previous } else { tail = waiter.previous }
        waiter.previous = nil
        waiter.next = nil
        waiter.phase = .left
        waiter.outcome = outcome
        count -= 1
        wakes.append(waiter)
    }
}
