/// How long to wait before each retry: a growing delay, spread by jitter, never longer than a cap.
///
/// The formulas are pure: ``delay(beforeRetry:state:drawing:)`` takes its random number from outside. No retry number
/// overflows: where a formula leaves the range of numbers, the cap holds.
public struct Backoff: Sendable, Hashable {
    /// How the delay grows from retry to retry, before jitter. `n` is 0 for the first retry.
    public enum Growth: Sendable, Hashable {
        /// `base`
        case constant
        /// `base · (n + 1)`
        case linear
        /// `base · factor ⁿ`
        case exponential(factor: Double)
    }

    /// How the delay `d` is spread, so that clients that failed together do not come back together.
    ///
    /// Where the cap limits the delay it limits the range that is drawn from, so that the clients are spread there too.
    public enum Jitter: Sendable, Hashable {
        /// `d`
        case none
        /// Uniform in `[0, d)`: spreads best. Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
        case full
        /// Uniform in `[d / 2, d)`. Source: as ``full``.
        case equal
        /// Uniform in `[d · (1 − fraction), d · (1 + fraction))`; `fraction` in 0…1.
        case proportional(Double)
        /// Uniform in `[base, 3 · previous delay)`, whatever the growth. Source: as ``full``.
        case decorrelated
        /// Smooth and without clusters, medians near `base · 2ⁿ`, shortest delay zero; only for exponential growth
        /// with factor 2. Source: George Polevoy's "decorrelated jitter v2":
        /// `f(t) = 2ᵗ · tanh √(4t)` with `t = n + r`, delay = `(f(t) − f(previous t)) · base / 1.4`.
        /// Where it exceeds the cap it is drawn from the upper half of the cap instead.
        case decorrelatedV2
    }

    /// What one execution remembers from delay to delay.
    public struct State: Sendable, Hashable {
        /// The previous delay in nanoseconds (``Jitter/decorrelated``) or the previous `f(t)`
        /// (``Jitter/decorrelatedV2``).
        var previous: Double?

        /// Creates the state of an execution that has not waited yet.
        public init() {}
    }

    /// How the delay grows.
    public var growth: Growth
    /// The first delay, before jitter: zero or longer.
    public var base: Duration
    /// The longest delay, after jitter: as long as ``base``, or longer.
    public var cap: Duration
    /// How delays are spread.
    public var jitter: Jitter

    /// The longest delay unless told otherwise: 20 seconds, or ``base`` if that is longer.
    public static var defaultCap: Duration { .seconds(20) }

    /// Creates a back-off from its parts; ``validate()`` tells whether they fit.
    ///
    /// - Parameters:
    ///   - growth: How the delay grows.
    ///   - base: The first delay, before jitter: zero or longer.
    ///   - cap: The longest delay; `nil` for ``defaultCap``.
    ///   - jitter: How delays are spread.
    public init(growth: Growth, base: Duration, cap: Duration? = nil, jitter: Jitter = .full) {
        self.growth = growth
        self.base = base
        self.cap = cap ?? max(base, Self.defaultCap)
        self.jitter = jitter
    }

    /// No delay at all.
    public static var none: Backoff { Backoff(growth: .constant, base: .zero, cap: .zero, jitter: .none) }

    /// The same delay each time.
    ///
    /// - Parameters:
    ///   - delay: The delay before jitter.
    ///   - jitter: How it is spread. Without a cap of its own: the delay with its jitter is the longest.
    public static func constant(_ delay: Duration, jitter: Jitter = .none) -> Backoff {
        Backoff(growth: .constant, base: delay, cap: jitter.longest(of: delay), jitter: jitter)
    }

    /// `base`, `2 · base`, `3 · base`, …
    public static func linear(
        base: Duration, cap: Duration? = nil, jitter: Jitter = .none
    ) -> Backoff {
        Backoff(growth: .linear, base: base, cap: cap, jitter: jitter)
    }

    /// `base`, `factor · base`, `factor² · base`, …
    public static func exponential(
        base: Duration = .milliseconds(100), factor: Double = 2, cap: Duration? = nil,
        jitter: Jitter = .full
    ) -> Backoff {
        Backoff(growth: .exponential(factor: factor), base: base, cap: cap, jitter: jitter)
    }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        try check().finish()
    }

    package func check() -> OptionsCheck {
        var check = OptionsCheck("Backoff")
        check.requireNotNegative(base, "base")
        check.requireNotNegative(cap, "cap")
        if base >= .zero, cap >= .zero { check.require(base <= cap, "cap", cap, "at least the base of \(base)") }
        if case .exponential(let factor) = growth {
            check.require(factor >= 1 && factor.isFinite, "factor", factor, "1 or more, and finite")
        }
        switch jitter {
        case .proportional(let fraction):
            check.require(fraction, "jitter.proportional", in: 0...1)
        case .decorrelatedV2:
            check.require(
                growth == .exponential(factor: 2), "jitter", jitter, "used with exponential growth of factor 2")
        case .none, .full, .equal, .decorrelated:
            break
        }
        return check
    }
}

extension Backoff.Jitter {
    fileprivate func longest(of delay: Duration) -> Duration {
        switch self {
        case .none, .full, .equal: delay
        // What is out of range is named by `check`; here it must not overflow.
        case .proportional(let fraction): delay + min(delay, .longest) * (0...1 ~= fraction ? fraction : 0)
        case .decorrelated, .decorrelatedV2: max(delay, Backoff.defaultCap)
        }
    }
}
