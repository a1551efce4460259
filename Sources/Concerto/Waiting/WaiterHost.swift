/// A primitive that tasks can wait for: it owns one or more ``WaiterQueue``s and the lock that protects them.
@usableFromInline
package protocol WaiterHost: AnyObject, Sendable {
    /// Takes `waiter` out of its queue because of a cancellation, a timeout or a failure.
    ///
    /// Under the host's lock: calls `WaiterQueue.withdraw(_:as:into:)`, which does nothing to a waiter that has
    /// already left, and then grants whoever was only kept back by this waiter (a reader behind a cancelled writer, a
    /// small request behind a cancelled large one).
    ///
    /// - Returns: Everybody to resume, outside the lock.
    func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList
}
