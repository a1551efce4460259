#if Observability
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Values by bucket and their sum, in stripes: threads that record at a time mostly touch different cache lines.
/// Readers add the stripes up and stop nobody; a value may be in the buckets and not yet in the sum.
@usableFromInline
final class HistogramSeries: Series, @unchecked Sendable {
    // Sendable: constants, atomics, and memory that holds atomics only and lives as long as the series.
    private let bounds: [Double]?
    private let buckets: Int
    private let stripes: Int
    private let stride: Int
    /// Of each stripe: the sum, then the buckets; of exponential ones first the zeros.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let latest = Guarded<[Int: MetricSnapshot.Exemplar]>([:])

    init(_ attributes: Attributes, bounds: [Double]?) {
        self.bounds = bounds
        buckets = bounds.map { $0.count + 1 } ?? ExponentialScale.count + 1
        stripes = bounds == nil ? 2 : 4
        stride = (buckets + 1 + 7) & ~7
        words = .allocate(capacity: stride * stripes + 8)
        for word in 0..<(stride * stripes + 8) { (words + word).initialize(to: Atomic(0)) }
        super.init(attributes)
    }

    deinit { words.deallocate() }

    /// Counts a value. What is no number is nothing.
    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let stripe = words + stride * Self.stripe(of: stripes)
        _ = stripe[1 + bucket(of: value)].wrappingAdd(1, ordering: .relaxed)
        if value.isFinite { addRelaxed(value, to: stripe[0]) }
    }

    func keep(_ exemplar: MetricSnapshot.Exemplar) {
        let bucket = bucket(of: exemplar.value)
        latest.withLock { $0[bucket] = exemplar }
    }

    private func bucket(of value: Double) -> Int {
        guard let bounds else {
            guard value > 0 else { return 0 }
            guard value.isFinite else { return ExponentialScale.count }
            let index = ExponentialScale.index(of: value)
            return 1 + min(max(index, ExponentialScale.first), ExponentialScale.last) - ExponentialScale.first
        }
        // Counting compares nothing twice and jumps nowhere: for a dozen bounds it is faster than halving.
        return bounds.withUnsafeBufferPointer { bounds in
            var bucket = 0
            for bound in bounds { bucket &+= value > bound ? 1 : 0 }
            return bucket
        }
    }

    /// Threads have stacks, and so handles, some pages apart.
    @inline(__always)
    private static func stripe(of stripes: Int) -> Int {
        #if os(Linux)
        let thread = UInt64(pthread_self())
        #else
        let thread = UInt64(UInt(bitPattern: pthread_self()))
        #endif
        return Int(truncatingIfNeeded: ((thread >> 12) &* 0x9E37_79B9_7F4A_7C15) >> 62) & (stripes - 1)
    }

    override var value: MetricSnapshot.Value {
        var sum = 0.0
        var counts = [UInt64](repeating: 0, count: buckets)
        for stripe in 0..<stripes {
            let words = words + stride * stripe
            sum += Double(bitPattern: words[0].load(ordering: .relaxed))
            for bucket in 0..<buckets { counts[bucket] += words[1 + bucket].load(ordering: .relaxed) }
        }
        if let bounds { return .histogram(.init(bounds: bounds, counts: counts, sum: sum)) }
        let used = counts.indices.dropFirst().filter { counts[$0] != 0 }
        guard let first = used.first, let last = used.last else {
            return .exponential(
                .init(scale: ExponentialScale.recorded, zeros: counts[0], offset: 0, counts: [], sum: sum))
        }
        return .exponential(
            .init(
                scale: ExponentialScale.recorded, zeros: counts[0], offset: first - 1 + ExponentialScale.first,
                counts: Array(counts[first...last]), sum: sum))
    }

    override var isTouched: Bool {
        (0..<stripes).contains { stripe in
            let words = words + stride * stripe
            return (0..<buckets).contains { words[1 + $0].load(ordering: .relaxed) != 0 }
        }
    }

    override var exemplars: [MetricSnapshot.Exemplar] {
        latest.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
    }
}
#endif
