/// How often a monitor reports what blocks: once a second, and says then how many it has kept to itself.
struct ReportRate {
    private static let interval: Int64 = 1_000_000_000
    /// After one that could not be had, and has cost 20 ms of looking: it does not use up the second.
    private static let intervalAfterFailure: Int64 = 200_000_000

    private var next = Int64.min
    private var suppressed = 0

    /// - Parameters:
    ///   - found: Blocked workers that were found now; one of them can be reported.
    ///   - now: Nanoseconds.
    /// - Returns: `nil` if none is to be reported now, or how many have not been since the last report.
    mutating func admits(_ found: Int, at now: Int64) -> Int? {
        suppressed += found
        guard now >= next else { return nil }
        next = now &+ Self.interval
        defer { suppressed = 0 }
        return suppressed - 1
    }

    /// Takes back what ``admits(_:at:)`` has admitted, with `suppressed` as its answer.
    mutating func failed(_ suppressed: Int, at now: Int64) {
        next = now &+ Self.intervalAfterFailure
        self.suppressed = suppressed + 1
    }
}
