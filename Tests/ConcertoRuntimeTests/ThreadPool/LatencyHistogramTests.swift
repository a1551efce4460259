import Testing

@testable import ConcertoRuntime

/// The waits of jobs, by size.
@Suite struct LatencyHistogramTests {
    @Test func `a bucket's limit is its largest value, at most a quarter above its smallest`() {
        var values = (0...300).map(UInt64.init)
        for bit in 8..<64 {
            for offset in -2...2 { values.append(UInt64(truncatingIfNeeded: Int128(1) << bit + Int128(offset))) }
        }
        for value in values {
            let bucket = LatencyHistogram.bucket(of: value)
            let limit = LatencyHistogram.limit(of: bucket)
            #expect(limit >= value && Double(limit) <= Double(value) * 1.25, "\(value)")
            #expect(LatencyHistogram.bucket(of: limit) == bucket)
            if limit < .max { #expect(LatencyHistogram.bucket(of: limit + 1) == bucket + 1) }
        }
    }

    @Test func `quantiles are of all that were recorded, rounded up, the longest exact`() {
        let histogram = LatencyHistogram()
        for value in 1...1_000 { histogram.record(Int64(value) * 1_000) }
        histogram.record(-5)
        let quantiles = histogram.quantiles
        #expect(quantiles.count == 1_001)
        for (quantile, exact) in [
            (quantiles.p50, 500), (quantiles.p90, 900), (quantiles.p99, 990), (quantiles.p999, 999),
        ] {
            #expect(quantile >= .microseconds(exact) && quantile <= .microseconds(exact) * 1.25)
        }
        #expect(quantiles.max == .milliseconds(1))
    }

    @Test func `before the first wait everything is zero`() {
        let quantiles = LatencyHistogram().quantiles
        #expect(quantiles.count == 0 && quantiles.p50 == .zero && quantiles.max == .zero)
    }
}
