import Testing

@testable import ConcertoRuntime

/// How often a monitor reports what blocks. Times are in milliseconds.
@Suite struct ReportRateTests {
    private func admits(_ rate: inout ReportRate, _ found: Int, _ millisecond: Int64) -> Int? {
        rate.admits(found, at: millisecond * 1_000_000)
    }

    // Once lost: all but one of those that were found together.
    @Test func `one a second, and it says how many there were beside it`() {
        var rate = ReportRate()
        #expect(admits(&rate, 3, 0) == 2)
        #expect(admits(&rate, 1, 500) == nil)
        #expect(admits(&rate, 2, 999) == nil)
        #expect(admits(&rate, 1, 1_000) == 3)
        #expect(admits(&rate, 1, 2_000) == 0)
    }

    @Test func `one that cannot be had is tried again soon, and counts with the next`() {
        var rate = ReportRate()
        #expect(admits(&rate, 2, 0) == 1)
        rate.failed(1, at: 0)
        #expect(admits(&rate, 1, 199) == nil)
        #expect(admits(&rate, 1, 200) == 3)
    }
}
