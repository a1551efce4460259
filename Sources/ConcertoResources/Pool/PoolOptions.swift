public import ConcertoResilience
public import ConcertoRuntime

/// How a ``ResourcePool`` keeps its resources.
///
/// ```swift
/// let options = PoolOptions { $0.maximum = 16; $0.lifetime = .seconds(1_800) }
/// ```
public struct PoolOptions: Sendable {
    /// How many resources there may be, those that are being opened and closed included: 1 to 100,000. Default: 10.
    public var maximum = 10
    /// How many are kept ready once the pool has been used or warmed up: 0 to ``maximum``. Default: 0.
    public var minimum = 0
    /// How many leases one resource serves at a time, as streams of one connection: 1 to 100,000. Default: 1.
    public var leasesPerResource = 1
    /// How many may be opened at a time: 1 or more. Default: no limit but ``maximum``.
    public var maximumOpening = Int.max
    /// How long a caller waits at most, for its turn, validation and opening together: longer than zero; `nil` for
    /// no limit. Default: 30 s. A deadline of the current `ResilienceContext` holds too.
    public var waitLimit: Duration? = .seconds(30)
    /// How long opening may take: longer than zero. Default: 5 s.
    public var openLimit = Duration.seconds(5)
    /// How long closing may take before the place is given to another: longer than zero. Default: 5 s.
    public var closeLimit = Duration.seconds(5)
    /// How long a resource is used at most: longer than zero; `nil` for ever. Default: 30 minutes.
    public var lifetime: Duration? = .seconds(1_800)
    /// Which share of ``lifetime`` is taken off by chance, drawn once when a resource is opened, so that those opened
    /// together do not end together: 0 to 1. Default: 0.1.
    public var lifetimeJitter = 0.1
    /// After how long without use a resource is closed, down to ``minimum``: longer than zero; `nil` for never.
    /// Default: 10 minutes.
    public var idleLimit: Duration? = .seconds(600)
    /// A resource that was not used for longer is validated before it is given out: zero or longer. Default: 500 ms.
    public var validateAfter = Duration.milliseconds(500)
    /// How long a validation may take: longer than zero. Default: 1 s.
    public var validationLimit = Duration.seconds(1)
    /// How long to wait after openings that failed. Meanwhile one is tried at a time. Default: 100 ms, doubled up to 5
    /// s.
    public var backoff = Backoff.exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .proportional(0.1))
    /// Whether callers get the error of an opening that failed while no resource is there, instead of waiting for the
    /// next try. Default: `false`.
    public var failsFast = false
    /// Whether a task that is inside a `withResource` may wait for another resource of the same pool when the pool is
    /// full. It is how pools deadlock, so it throws ``NestedLeaseError`` by default. Seen within one task, for
    /// resources that serve one lease at a time; tasks that wait for each other otherwise are ended by ``waitLimit``.
    public var allowsNestedWaits = false
    /// Leases held for longer are reported to ``onLeak``, once each: longer than zero; `nil` for none. Default: none.
    public var leakAfter: Duration?
    /// What is told about leases that are held for too long; on the clock's thread, so it should be short.
    public var onLeak: @Sendable (PoolLeak) -> Void = { _ in }
    /// What all times are measured with.
    public var clock: any TimerClock = MonotonicClock()
    /// Where jitter comes from.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}

    /// The defaults, changed by `configure`.
    public init(_ configure: (inout PoolOptions) -> Void) {
        configure(&self)
    }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("ResourcePool")
        check.require((1...100_000).contains(maximum), "maximum", maximum, "between 1 and 100000")
        check.require(minimum >= 0 && minimum <= maximum, "minimum", minimum, "between 0 and the maximum")
        check.require(
            (1...100_000).contains(leasesPerResource), "leasesPerResource", leasesPerResource, "between 1 and 100000")
        check.require(maximumOpening, "maximumOpening", atLeast: 1)
        if let waitLimit { check.requirePositive(waitLimit, "waitLimit") }
        check.requirePositive(openLimit, "openLimit")
        check.requirePositive(closeLimit, "closeLimit")
        if let lifetime { check.requirePositive(lifetime, "lifetime") }
        check.require(lifetimeJitter, "lifetimeJitter", in: 0...1)
        if let idleLimit { check.requirePositive(idleLimit, "idleLimit") }
        check.requireNotNegative(validateAfter, "validateAfter")
        check.requirePositive(validationLimit, "validationLimit")
        check.require(backoff.check(), in: "backoff")
        if let leakAfter { check.requirePositive(leakAfter, "leakAfter") }
        try check.finish()
    }
}

/// A lease that is held for longer than `PoolOptions.leakAfter`. It stays valid.
public struct PoolLeak: Sendable, Hashable, CustomStringConvertible {
    /// The pool's name.
    public let pool: String
    /// For how long the lease has been held.
    public let age: Duration
    /// Where it was taken: file and line.
    public let takenAt: String

    /// The line for a log.
    public var description: String {
        "a lease of the pool \"\(pool)\", taken at \(takenAt), has been held for \(age): is it ever given back?"
    }
}
