/// A caller's time was up before a ``ResourcePool`` could give it a resource.
public struct PoolTimeoutError: Error, CustomStringConvertible {
    /// The pool's name.
    public let pool: String
    /// How long the caller was willing to wait.
    public let limit: Duration
    /// What the pool looked like when the time was up.
    public let statistics: PoolStatistics
    /// Why the latest opening failed, if none has succeeded since.
    public let openError: (any Error)?
    /// Where the lease that has been held for longest was taken, if there is one.
    public let longestHeldAt: String?
    /// For how long that lease has been held.
    public let longestHeld: Duration?

    /// What happened and what to look at.
    public var description: String {
        let figures = statistics
        var text =
            "the pool \"\(pool)\" had no resource within \(limit): \(figures.total) of at most \(figures.maximum),"
            + " \(figures.inUse) in use, \(figures.idle) idle, \(figures.opening) being opened,"
            + " \(figures.waiting) waiting"
        if let openError { text += "; the latest opening failed: \(openError)" }
        if let longestHeldAt, let longestHeld {
            text += "; the lease held for longest, \(longestHeld), was taken at \(longestHeldAt)"
        }
        if openError == nil { text += "; hold resources for a shorter time, or raise the maximum" }
        return text
    }
}

/// A task that is inside a `withResource` would have had to wait for another resource of the same pool.
///
/// If as many tasks do that as the pool has resources, each waits for the others for ever.
public struct NestedLeaseError: Error, Hashable, CustomStringConvertible {
    /// The pool's name.
    public let pool: String
    /// Where the task took the resource that it holds.
    public let heldSince: String

    /// What happened and what to do.
    public var description: String {
        "a task that holds a resource of the pool \"\(pool)\" since \(heldSince) would wait for a second one, which"
            + " deadlocks when all do: pass the first one on, give it back before, or set allowsNestedWaits"
    }
}
