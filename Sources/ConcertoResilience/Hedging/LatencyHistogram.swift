/// Counts durations in buckets whose width grows with them: 32 to each doubling, so that a quantile is wrong by at most
/// 1/32.
struct LatencyHistogram: Sendable {
    private static let subBits = 5
    private static let bucketCount = (64 - subBits) << subBits

    private(set) var count = 0
    private var buckets = [UInt32](repeating: 0, count: bucketCount)

    mutating func record(_ nanoseconds: Int64) {
        let index = Self.index(UInt64(max(0, nanoseconds)))
        buckets[index] &+= 1
        count += 1
    }

    mutating func clear() {
        guard count > 0 else { return }
        for index in buckets.indices { buckets[index] = 0 }
        count = 0
    }

    /// The shortest duration, rounded up to its bucket's end, that `share` of both histograms' do not exceed.
    static func quantile(_ share: Double, of first: LatencyHistogram, and second: LatencyHistogram) -> Int64? {
        let total = first.count + second.count
        guard total > 0 else { return nil }
        var missing = max(1, Int((share * Double(total)).rounded(.up)))
        for index in 0..<bucketCount {
            missing -= Int(first.buckets[index]) + Int(second.buckets[index])
            if missing <= 0 { return last(of: index) }
        }
        return nil
    }

    private static func index(_ value: UInt64) -> Int {
        let order = 63 - (value | 1).leadingZeroBitCount
        guard order > subBits else { return Int(value) }
        let shift = order - subBits
        // The leading one says which doubling, the bits after it which part of it.
        return min(bucketCount - 1, (shift << subBits) + Int(value >> UInt64(shift)))
    }

    private static func last(of index: Int) -> Int64 {
        guard index >= 2 << subBits else { return Int64(index) }
        let shift = (index >> subBits) - 1
        let start = UInt64(index - (shift << subBits)) << UInt64(shift)
        return Int64(clamping: start + (1 << UInt64(shift)) - 1)
    }
}
