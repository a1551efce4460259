public import Synchronization

/// Waiters that have left their queue and are to be resumed once the host's lock has been released.
///
/// It reuses the links of the waiters, so it allocates nothing. Whoever builds one must call ``resume()``: a waiter
/// that is dropped here would sleep for ever.
@usableFromInline
package struct WakeList: @unchecked Sendable {  // its waiters belong to nobody else until they are resumed
    @usableFromInline var head: Unmanaged<Waiter>?
    @usableFromInline var tail: Unmanaged<Waiter>?

    /// Creates an empty list.
    @inlinable
    package init() {}

    /// Whether there is nobody to resume.
    @inlinable
    package var isEmpty: Bool { head == nil }

    @usableFromInline
    mutating func append(_ link: Unmanaged<Waiter>) {
        link._withUnsafeGuaranteedRef { $0.next = nil }
        if let tail { tail._withUnsafeGuaranteedRef { $0.next = link } } else { head = link }
        tail = link
    }

    /// Makes everybody runnable, in the order in which they left the queue. Never call this under a lock.
    @inlinable
    package func resume() {
        var link = head
        while let current = link {
            // Resuming may free the waiter: everything is read before.
            let (next, continuation, outcome) = current._withUnsafeGuaranteedRef {
                ($0.next, $0.continuation, $0.outcome)
            }
            link = next
            current._withUnsafeGuaranteedRef { $0.isResumed.store(true, ordering: .releasing) }
            if let continuation {
                continuation.resume(returning: outcome)
            } else {
                current.takeUnretainedValue().wake()
            }
        }
    }
}
