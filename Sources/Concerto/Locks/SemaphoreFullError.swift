/// More permits were given back than the semaphore may hold.
public struct SemaphoreFullError: Error, Hashable, CustomStringConvertible {
    /// The most permits the semaphore may hold.
    public let maxPermits: Int

    /// Creates an error.
    public init(maxPermits: Int) { self.maxPermits = maxPermits }

    /// What happened and what to do.
    public var description: String {
        "the semaphore would hold more than its \(maxPermits) permits: release only what was acquired"
    }
}
