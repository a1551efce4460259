/// How much may pass in which time.
///
/// | limit | what passes |
/// |---|---|
/// | ``tokenBucket(capacity:refill:per:)`` | up to `capacity` at once, then `refill` a period, continuously |
/// | ``smooth(_:per:burst:)`` | one after the other at even distances, up to `burst` at once |
/// | ``fixedWindow(_:per:)`` | `limit` in each window; up to 2 · `limit` around the edge of two |
/// | ``slidingWindow(_:per:segments:)`` | `limit` in any `segments − 1` of `segments` parts of a window |
///
/// The first two never let more than *rate × time + burst* pass in any stretch of time, however it is laid.
public struct RateLimit: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case tokenBucket
        case smooth
        case fixedWindow
        case slidingWindow(segments: Int)
    }

    let kind: Kind
    /// What may pass in one ``period``.
    public let limit: Int
    /// The time that ``limit`` belongs to.
    public let period: Duration
    /// What may pass at once, and the most that one caller can ask for.
    public let burst: Int

    /// A bucket that holds `capacity` tokens, full at the start, refilled continuously with `refill` tokens a period.
    ///
    /// - Parameters:
    ///   - capacity: 1 to 1,000,000,000.
    ///   - refill: 1 to 1,000,000,000.
    ///   - per: Longer than zero, at most 366 days.
    public static func tokenBucket(capacity: Int, refill: Int, per: Duration) -> RateLimit {
        RateLimit(kind: .tokenBucket, limit: refill, period: per, burst: capacity)
    }

    /// `limit` a period at even distances: the generic cell rate algorithm (GCRA) in its virtual-scheduling form
    /// (ITU-T I.371).
    ///
    /// - Parameters:
    ///   - limit: 1 to 1,000,000,000.
    ///   - per: Longer than zero, at most 366 days.
    ///   - burst: How many may pass at once after a pause: 1 to 1,000,000,000.
    public static func smooth(_ limit: Int, per: Duration, burst: Int = 1) -> RateLimit {
        RateLimit(kind: .smooth, limit: limit, period: per, burst: burst)
    }

    /// `limit` in each window, the first of which begins when the limiter is made (or is given this limit), whoever calls.
    public static func fixedWindow(_ limit: Int, per: Duration) -> RateLimit {
        RateLimit(kind: .fixedWindow, limit: limit, period: per, burst: limit)
    }

    /// `limit` in a window that slides on by a segment at a time.
    ///
    /// - Parameters:
    ///   - limit: 1 to 1,000,000,000.
    ///   - per: The whole window, of at least one nanosecond a segment.
    ///   - segments: 2 to 1,000. More are more exact and cost memory.
    public static func slidingWindow(_ limit: Int, per: Duration, segments: Int = 10) -> RateLimit {
        RateLimit(kind: .slidingWindow(segments: segments), limit: limit, period: per, burst: limit)
    }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        try check().finish()
    }

    func check() -> OptionsCheck {
        let most = 1_000_000_000
        var check = OptionsCheck("RateLimit")
        let limitName = kind == .tokenBucket ? "refill" : "limit"
        check.require((1...most).contains(limit), limitName, limit, "between 1 and \(most)")
        if kind == .tokenBucket || kind == .smooth {
            let burstName = kind == .tokenBucket ? "capacity" : "burst"
            check.require((1...most).contains(burst), burstName, burst, "between 1 and \(most)")
        }
        check.require(
            period >= .nanoseconds(1) && period <= .seconds(366 * 86_400), "per", period,
            "between 1 nanosecond and 366 days")
        if case .slidingWindow(let segments) = kind {
            check.require((2...1_000).contains(segments), "segments", segments, "between 2 and 1000")
            check.require(
                period.saturatingNanoseconds >= Int64(max(1, segments)), "per", period, "a nanosecond a segment")
        }
        return check
    }
}
