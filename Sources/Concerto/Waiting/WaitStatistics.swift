/// Who waits for a primitive, at one moment.
public struct WaitStatistics: Sendable, Hashable {
    /// How many tasks wait now.
    public let waiters: Int

    /// How many waits had to be put to sleep since the primitive was created; those that were served at once do not
    /// count.
    public let waits: UInt64

    /// For how long the task that has waited longest waits by now; zero if nobody waits. Its resolution is the
    /// kernel's tick, 1 to 4 ms.
    public let longestWait: Duration

    /// Creates statistics, to compare with.
    public init(waiters: Int, waits: UInt64, longestWait: Duration) {
        self.waiters = waiters
        self.waits = waits
        self.longestWait = longestWait
    }
}
