public import ConcertoResilience
public import ConcertoRuntime

/// How a ``LoadingCache`` keeps its values.
///
/// ```swift
/// let options = CacheOptions { $0.timeToLive = .seconds(300); $0.staleOnError = .seconds(3_600) }
/// ```
public struct CacheOptions: Sendable {
    /// How much the cache may hold, in what ``LoadingCache/init(_:_:weigh:tags:load:)`` weighs with, entries by
    /// default: 1 or more. Default: 10,000.
    public var capacity = 10_000
    /// How long a value is fresh: longer than zero; `nil` for ever. Default: 5 minutes.
    public var timeToLive: Duration? = .seconds(300)
    /// By which share ``timeToLive`` is longer or shorter by chance, drawn once a value, so that what was loaded
    /// together does not expire together: 0 to 1. Default: 0.1.
    public var timeToLiveJitter = 0.1
    /// After which share of its life the next caller has a value loaded anew, and goes on with the present one: above 0
    /// and below 1; `nil` for never. Nobody asks, nothing is loaded. Default: never.
    public var refreshAfter: Double?
    /// For how long after it has expired a value is given out if loading fails: longer than zero; `nil` for never.
    /// Default: never.
    public var staleOnError: Duration?
    /// How long nothing is loaded for a key whose old value stands in for a failed load: zero or longer. Default: 30 s.
    public var staleRetry = Duration.seconds(30)
    /// After how long callers get the old value, if ``staleOnError`` allows that, while loading goes on: longer than
    /// zero; `nil` for never. Default: never.
    public var softLimit: Duration?
    /// How long loading may take: longer than zero; `nil` for ever. Then it is cancelled, those who wait get a
    /// `TimeoutError`, and the key is free, also if the loader does not notice. Default: 30 s.
    public var loadLimit: Duration? = .seconds(30)
    /// How long an error is given to new callers before loading is tried again: longer than zero; `nil` for not at all.
    /// Default: not at all.
    public var errorTimeToLive: Duration?
    /// Whether loading goes on when everybody who waited has left. Default: `false`.
    public var keepsLoading = false
    /// What all times are measured with.
    public var clock: any TimerClock = MonotonicClock()
    /// Where jitter comes from.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}

    /// The defaults, changed by `configure`.
    public init(_ configure: (inout CacheOptions) -> Void) {
        configure(&self)
    }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("LoadingCache")
        check.require(capacity, "capacity", atLeast: 1)
        if let timeToLive { check.requirePositive(timeToLive, "timeToLive") }
        check.require(timeToLiveJitter, "timeToLiveJitter", in: 0...1)
        if let refreshAfter {
            check.require(refreshAfter > 0 && refreshAfter < 1, "refreshAfter", refreshAfter, "above 0 and below 1")
        }
        if let staleOnError { check.requirePositive(staleOnError, "staleOnError") }
        check.requireNotNegative(staleRetry, "staleRetry")
        if let softLimit { check.requirePositive(softLimit, "softLimit") }
        if let loadLimit { check.requirePositive(loadLimit, "loadLimit") }
        if let errorTimeToLive { check.requirePositive(errorTimeToLive, "errorTimeToLive") }
        try check.finish()
    }
}

/// A loader asked, directly or through others, for what it is loading: everybody would wait for ever.
///
/// Not thrown where an old value ends the circle (`staleOnError`), nor in a task that outlives the load which began it. While
/// that load is under way such a task counts as a part of it, because nobody can see that it is not waited for: one that asks
/// caches and is not waited for should be a `Task.detached`.
public struct RecursiveLoadError: Error, Hashable, CustomStringConvertible {
    /// The name of the cache that was asked.
    public let cache: String
    /// The key that was asked for.
    public let key: String

    /// What happened and what to do.
    public var description: String {
        "the cache \"\(cache)\" was asked for \(key) by a load that \(key) waits for: load what both need on its own"
    }
}

/// A value of a ``LoadingCache``, with what is known about it.
public struct CachedValue<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value
    /// Whether it has expired, and stands in because loading failed or takes long.
    public let isStale: Bool
}

/// What a ``LoadingCache`` has done, and holds. Exact.
public struct CacheStatistics: Sendable, Hashable, Codable {
    /// The cache's name.
    public var name = ""
    /// How many values it holds, expired ones that nobody has asked for included.
    public var entries = 0
    /// What they weigh.
    public var weight = 0
    /// How many loads are under way.
    public var loading = 0
    /// How many callers were given a fresh value at once.
    public var hits: UInt64 = 0
    /// How many were given a value that had expired.
    public var staleHits: UInt64 = 0
    /// How many had to wait for a load, or were given an error that was kept.
    public var misses: UInt64 = 0
    /// How many loads were begun.
    public var loads: UInt64 = 0
    /// How many of them failed or took too long.
    public var failures: UInt64 = 0
    /// How many were given up because nobody waited any more.
    public var abandoned: UInt64 = 0
    /// How many values had to make room.
    public var evictions: UInt64 = 0
    /// How long loads that succeeded took, together.
    public var loadTime = Duration.zero
}
