/// Waiters that have left their queue and are to be resumed once the host's lock has been released.
///
/// It reuses the links of the waiters, so it allocates nothing. Whoever builds one must call ``resume()``: a waiter
/// that is dropped here would sleep for ever.
@usableFromInline
package struct WakeList: @unchecked Sendable {  // its waiters belong to nobody else until they are resumed
    @usableFromInline unowned(unsafe) var head: Waiter?
    @usableFromInline unowned(unsafe) var tail: Waiter?

    /// Creates an empty list.
    @inlinable
    package init() {}

    /// Whether there is nobody to resume.
    @inlinable
    package var isEmpty: Bool { head == nil }

    @usableFromInline
    mutating func append(_ waiter: Waiter) {
        waiter.next = nil
        if let tail { tail.next = waiter } else { head = waiter }
        tail = waiter
    }

    /// Makes everybody runnable, in the order in which they left the queue. Never call this under a lock.
    @inlinable
    package func resume() {
        var waiter = head
        while let current = waiter {
            // Resuming may free the waiter: read what is needed first.
            waiter = current.next
            if let continuation = current.continuation {
                continuation.resume(returning: current.outcome)
            } else {
                current.wake()
            }
        }
    }
}
