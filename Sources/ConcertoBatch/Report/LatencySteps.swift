#if Batch
/// How many calls took how long, in steps that are equally wide to somebody who multiplies: six in each power of ten.
public struct LatencySteps: Sendable, Equatable {
    /// The most that counts for each step, in seconds; what takes longer counts for one more.
    public static let bounds: [Double] = {
        var bounds: [Double] = []
        // From whole milliseconds, so that a bound is the number that is written.
        for power in [1, 10, 100, 1_000, 10_000] {
            bounds += [1, 1.5, 2, 3, 5, 7].map { $0 * Double(power) / 1_000 }
        }
        return bounds + [100]
    }()

    /// Calls so far, by step; one more than there are ``bounds``.
    public private(set) var counts = [Int](repeating: 0, count: LatencySteps.bounds.count + 1)

    /// - Complexity: O(log n) in the number of steps.
    mutating func record(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        var (low, high) = (0, Self.bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.bounds[middle] < seconds { low = middle + 1 } else { high = middle }
        }
        counts[low] += 1
    }
}
#endif
