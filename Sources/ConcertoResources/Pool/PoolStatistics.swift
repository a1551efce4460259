/// What a ``ResourcePool`` holds and has done, at one moment.
public struct PoolStatistics: Sendable, Hashable, Codable {
    /// The pool's name.
    public var name = ""
    /// How many resources there may be.
    public var maximum = 0
    /// How many there are, those being opened and closed included.
    public var total = 0
    /// How many leases are held.
    public var inUse = 0
    /// How many resources nobody holds.
    public var idle = 0
    /// How many are being opened.
    public var opening = 0
    /// How many are being validated.
    public var validating = 0
    /// How many are being closed.
    public var closing = 0
    /// How many callers wait.
    public var waiting = 0
    /// How many leases have been given.
    public var leases: UInt64 = 0
    /// How many of them had to wait.
    public var waits: UInt64 = 0
    /// How many callers gave up because their time was up.
    public var timeouts: UInt64 = 0
    /// How many resources have been opened.
    public var opened: UInt64 = 0
    /// How many openings failed or took too long.
    public var openFailures: UInt64 = 0
    /// How many validations failed or took too long.
    public var validationFailures: UInt64 = 0
    /// How many resources have been closed.
    public var closed: UInt64 = 0
    /// How long openings that succeeded took, together.
    public var openTime = Duration.zero
    /// How long leases that were given back had been held, together.
    public var useTime = Duration.zero
    /// How often ``ResourcePool/evictAll()`` was called.
    public var generation: UInt64 = 0
}
