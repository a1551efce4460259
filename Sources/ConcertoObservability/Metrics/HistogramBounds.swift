#if Observability
/// Where the buckets of a histogram end. A value equal to a bound belongs below it.
public enum HistogramBounds: Sendable, Hashable {
    /// Given bounds, rising. What is no number, infinite or does not rise is left out.
    case explicit([Double])
    /// Eight buckets an octave from 2⁻³⁰ to 2⁴⁰, which answers every quantile to 9 %. 4.5 kB a series.
    /// Leaves the process as an exponential histogram of scale 3 or coarser, and as fixed bounds for Prometheus.
    case exponential

    /// The bounds that OpenTelemetry gives to durations in seconds.
    public static let seconds = HistogramBounds.explicit(
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10])
    /// Powers of four from 64 bytes to 1 GiB.
    public static let bytes = HistogramBounds.explicit((0...12).map { 64 * Double(1 << (2 * $0)) })
    /// The bounds that OpenTelemetry gives to everything else.
    public static let general = HistogramBounds.explicit(
        [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000])

    /// The bounds for a unit, where none are given.
    static func standard(for unit: String) -> HistogramBounds {
        switch unit {
        case "s": .seconds
        case "By": .bytes
        default: .general
        }
    }

    /// Rising, finite, each once.
    static func cleaned(_ bounds: [Double]) -> [Double] {
        var last = -Double.infinity
        return bounds.filter { bound in
            guard bound.isFinite, bound > last else { return false }
            last = bound
            return true
        }
    }
}
#endif
