#if Batch
import Foundation

/// What happened when in a run, in at most 240 slices of equal length: as the run goes on, two become one, so that it takes the
/// same memory for a minute and for a week.
struct RunTimeline: Sendable {
    struct Slice: Sendable {
        var succeeded = 0
        var failed = 0
        var retries = 0
        /// Answers by the time of their last attempt, in the bands of ``RunTimeline/band(of:)``.
        var latencies = [Int](repeating: 0, count: RunTimeline.bands)

        static func += (left: inout Slice, right: Slice) {
            left.succeeded += right.succeeded
            left.failed += right.failed
            left.retries += right.retries
            for band in 0..<RunTimeline.bands { left.latencies[band] += right.latencies[band] }
        }
    }

    /// Where and why rows failed.
    struct FailurePlace: Hashable, Sendable {
        var host: String
        var kind: String
    }

    /// Rows that failed at one place for one reason.
    struct FailureGroup: Sendable {
        var count = 0
        /// The first of them.
        var example: BatchProgress.Failure
    }

    static let most = 240
    /// Bands of latency: up to 1 ms, then two for each doubling, and one for all from 32 s on.
    static let bands = 32
    /// Places of failures that are told apart.
    private static let mostPlaces = 200

    /// The length of a slice.
    private(set) var width = Duration.milliseconds(100)
    private(set) var slices: [Slice] = []
    private(set) var failures: [FailurePlace: FailureGroup] = [:]

    /// - Parameter time: Since the first call.
    mutating func retried(at time: Duration) { slices[index(of: time)].retries += 1 }

    /// - Parameters:
    ///   - time: Since the first call.
    ///   - latency: Of the last attempt; `nil` for a row without an answer.
    ///   - host: Where its call went; `nil` for a row that was called nowhere.
    mutating func finished(at time: Duration, latency: Duration?, host: String?, failure: BatchProgress.Failure?) {
        let index = index(of: time)
        if let latency { slices[index].latencies[Self.band(of: latency)] += 1 }
        guard let failure else { return slices[index].succeeded += 1 }
        slices[index].failed += 1
        var place = FailurePlace(host: host ?? "", kind: failure.kind)
        if failures[place] == nil, failures.count >= Self.mostPlaces { place.host = "(other hosts)" }
        failures[place, default: FailureGroup(example: failure)].count += 1
    }

    /// The band of a latency.
    static func band(of latency: Duration) -> Int {
        let milliseconds = latency / .milliseconds(1)
        guard milliseconds > 1 else { return 0 }
        return min(bands - 1, 1 + Int(2 * log2(milliseconds)))
    }

    /// Where a band begins, in milliseconds.
    static func start(of band: Int) -> Double { band == 0 ? 0 : exp2(Double(band - 1) / 2) }

    /// The slice of `time`, which is there from now on.
    private mutating func index(of time: Duration) -> Int {
        var index = Int(max(0, time / width))
        while index >= Self.most {
            slices = stride(from: 0, to: slices.count, by: 2).map { first in
                var slice = slices[first]
                if first + 1 < slices.count { slice += slices[first + 1] }
                return slice
            }
            width *= 2
            index = Int(max(0, time / width))
        }
        while slices.count <= index { slices.append(Slice()) }
        return index
    }
}
#endif
