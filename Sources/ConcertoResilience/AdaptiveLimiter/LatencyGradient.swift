/// The limit as a function of latencies: the present ones against those without load.
///
/// Source: the `Gradient2` limit of Netflix's concurrency-limits. The long-term latency there is an average, which takes a
/// lasting overload for normal; here a probe measures it now and then.
struct LatencyGradient: Sendable {
    private static let warmup = 10

    private let options: AdaptiveLimiterOptions.Gradient
    private let range: ClosedRange<Double>
    private(set) var limit: Double
    /// The latency without load, in nanoseconds; 0 until there is one.
    private(set) var baseline = 0.0
    private var windows = 0

    init(_ options: AdaptiveLimiterOptions.Gradient, initial: Int, range: ClosedRange<Double>) {
        self.options = options
        self.range = range
        limit = Double(initial)
    }

    mutating func update(latency: Double, mostInFlight: Int) {
        windows += 1
        if windows <= Self.warmup {
            baseline += (latency - baseline) / Double(windows)
        } else {
            baseline += (latency - baseline) * 2 / Double(options.longWindow + 1)
        }
        // The load has gone, and the long-term latency still has it in it.
        if baseline > 2 * latency { baseline *= 0.95 }
        // Who does not use the limit learns nothing about it.
        guard 2 * mostInFlight >= Int(limit) else { return }
        let gradient = max(0.5, min(1, options.tolerance * baseline / max(1, latency)))
        let next = limit * gradient + options.queue
        limit = min(range.upperBound, max(range.lowerBound, limit + (next - limit) * options.smoothing))
    }

    /// Takes over what a probe has measured.
    mutating func setBaseline(_ latency: Double) {
        baseline = latency
        windows = max(windows, Self.warmup)
    }

    mutating func overload() {
        limit = max(range.lowerBound, limit * 0.9)
    }
}
