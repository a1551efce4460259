/// The one queue under every primitive: an intrusive, doubly linked list of waiters, first in, first out.
///
/// It lives inside the state that the host's lock protects, and every function is called under that lock. Grant and
/// removal are one step; the tasks are resumed from the ``WakeList`` after the lock has been released.
///
/// - Complexity: O(1) for everything but ``failAll(with:into:)`` and ``grantAll(into:)``, which are O(waiters).
@usableFromInline
package struct WaiterQueue: ~Copyable, @unchecked Sendable {  // links are protected by the host's lock
    // Unmanaged, and used without a reference being counted: whoever waits keeps its waiter while it is here.
    @usableFromInline var head: Unmanaged<Waiter>?
    @usableFromInline var tail: Unmanaged<Waiter>?

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
    package var first: Waiter? { head?.takeUnretainedValue() }

    /// What the waiter whose turn is next asks for.
    @inlinable
    package var firstWeight: Int? { head?._withUnsafeGuaranteedRef { $0.weight } }

    /// The waiter that came last.
    @inlinable
    package var last: Waiter? { tail?.takeUnretainedValue() }

    /// Puts `waiter` at the end, unless a cancellation has already ended its wait.
    ///
    /// - Returns: Whether the waiter sleeps now: the answer for `admit` of ``Waiter/wait(_:admit:)``.
    @usableFromInline
    package mutating func append(_ waiter: Waiter) -> Bool {
        guard waiter.phase == .created else { return false }
        waiter.phase = .queued
        let link = Unmanaged.passUnretained(waiter)
        waiter.previous = tail
        waiter.next = nil
        if let tail { tail._withUnsafeGuaranteedRef { $0.next = link } } else { head = link }
        tail = link
        count += 1
        total += 1
        return true
    }

    /// Puts `waiter` before all others; for hosts that must give a turn back.
    package mutating func prepend(_ waiter: Waiter) -> Bool {
        guard waiter.phase == .created else { return false }
        waiter.phase = .queued
        let link = Unmanaged.passUnretained(waiter)
        waiter.previous = nil
        waiter.next = head
        if let head { head._withUnsafeGuaranteedRef { $0.previous = link } } else { tail = link }
        head = link
        count += 1
        total += 1
        return true
    }

    /// Grants the waiter whose turn it is and takes it out.
    @usableFromInline
    package mutating func grantFirst(into wakes: inout WakeList) -> Bool {
        guard let head else { return false }
        take(head, as: .granted, into: &wakes)
        return true
    }

    /// Grants `waiter`, which must be in this queue, and takes it out.
    @usableFromInline
    package mutating func grant(_ waiter: Waiter, into wakes: inout WakeList) {
        take(Unmanaged.passUnretained(waiter), as: .granted, into: &wakes)
    }

    /// Grants everybody, in order.
    @usableFromInline
    package mutating func grantAll(into wakes: inout WakeList) {
        while let head { take(head, as: .granted, into: &wakes) }
    }

    /// Ends the wait of everybody with `error`, in order.
    @usableFromInline
    package mutating func failAll(with error: any Error, into wakes: inout WakeList) {
        while let head {
            head._withUnsafeGuaranteedRef { $0.error = error }
            take(head, as: .failed, into: &wakes)
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
            take(Unmanaged.passUnretained(waiter), as: outcome, into: &wakes)
            return true
        }
    }

    /// How many tasks wait, and for how long the first of them has.
    package var statistics: WaitStatistics {
        WaitStatistics(
            waiters: count, waits: total, longestWait: first.map { CoarseTime.elapsed(since: $0.since) } ?? .zero)
    }

    private mutating func take(
        _ link: Unmanaged<Waiter>, as outcome: Waiter.Outcome, into wakes: inout WakeList
    ) {
        link._withUnsafeGuaranteedRef { waiter in
            assert(waiter.phase == .queued, "only a queued waiter can be taken out")
            let (previous, next) = (waiter.previous, waiter.next)
            if let previous { previous._withUnsafeGuaranteedRef { $0.next = next } } else { head = next }
            if let next { next._withUnsafeGuaranteedRef { $0.previous = previous } } else { tail = previous }
            waiter.previous = nil
            waiter.next = nil
            waiter.phase = .left
            waiter.outcome = outcome
        }
        count -= 1
        wakes.append(link)
    }
}
