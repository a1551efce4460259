import Synchronization

/// Waits by size: four buckets an octave of nanoseconds, so that a quantile is at most 25 % too high.
final class LatencyHistogram: Sendable {
    private static let buckets = 64 * 4
    private nonisolated(unsafe) let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let longest = Atomic<UInt64>(0)

    init() {
        // Unsafe: atomics on the heap, freed with the histogram.
        counts = .allocate(capacity: Self.buckets)
        for index in 0..<Self.buckets { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: Self.buckets)
        counts.deallocate()
    }

    func record(_ nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        counts[Self.bucket(of: value)].wrappingAdd(1, ordering: .relaxed)
        longest.max(value, ordering: .relaxed)
    }

    static func bucket(of value: UInt64) -> Int {
        guard value >= 4 else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        return octave * 4 + Int((value >> UInt64(octave - 2)) & 3) - 4
    }

    /// The largest value of a bucket.
    static func limit(of bucket: Int) -> UInt64 {
        guard bucket >= 4 else { return UInt64(bucket) }
        let octave = UInt64(bucket / 4 + 1)
        return ((UInt64(bucket % 4) + 5) << (octave - 2)) &- 1
    }

    var quantiles: ThreadPool.Latency {
        var values = [UInt64](repeating: 0, count: Self.buckets)
        for index in 0..<Self.buckets { values[index] = counts[index].load(ordering: .relaxed) }
        let total = values.reduce(0, +)
        let longest = longest.load(ordering: .relaxed)
        func quantile(_ share: Double) -> Duration {
            var left = Int64((Double(total) * share).rounded(.up))
            for (index, value) in values.enumerated() where value > 0 {
                left -= Int64(value)
                if left <= 0 { return .nanoseconds(Int64(min(Self.limit(of: index), longest))) }
            }
            return .zero
        }
        return ThreadPool.Latency(
            count: total, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999),
            max: .nanoseconds(Int64(longest)))
    }
}
