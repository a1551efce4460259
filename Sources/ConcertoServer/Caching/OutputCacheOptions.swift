#if Server
public import ConcertoResilience
public import ConcertoRuntime

/// How an ``OutputCache`` keeps answers.
public struct OutputCacheOptions: Sendable {
    /// How long an answer is given out: longer than zero, default 10 s. An answer's own `s-maxage` or `max-age` makes it
    /// shorter, never longer.
    public var timeToLive = Duration.seconds(10)
    /// By which share ``timeToLive`` is longer or shorter by chance: 0 to 1, default 0.1.
    public var timeToLiveJitter = 0.1
    /// After which share of its life the next request has an answer made anew, and is given the present one: above 0 and
    /// below 1; `nil`, the default, for never.
    public var refreshAfter: Double?
    /// How many bytes all answers may have together: 1 or more, default 64 MiB. Those that nobody asks for make room.
    public var capacity = 64 << 20
    /// The longest body that is kept, in bytes: 0 or more, default 1 MiB. Longer ones are streamed past the cache, and so are
    /// those whose length is not known beforehand.
    public var maximumBody = 1 << 20
    /// The request headers by which answers are told apart. Handlers of cached routes see these and no others, so that no
    /// answer depends on what it is not told apart by. Default: `Accept`.
    public var vary = ["accept"]
    /// Whether requests with cookies are given what others are given. Handlers do not see the cookies. Default false: such
    /// requests go past the cache.
    public var ignoresCookies = false
    /// How long a handler may take on behalf of all who wait: longer than zero, default 30 s. Then they get 504.
    public var loadLimit = Duration.seconds(30)
    /// Measures all time.
    public var clock: any TimerClock = MonotonicClock()
    /// Draws the jitter.
    public var random = RandomSource.system

    /// The defaults.
    public init() {}
}
#endif
