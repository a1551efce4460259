#if Batch
extension BatchSummary {
    /// What the rows of a sample let expect of all rows that were not finished.
    public struct Projection: Codable, Sendable {
        /// Rows that were not finished when the sample was taken, those of the sample included.
        public var rows: Int
        /// Seconds for all of them: calls times their mean time, so many at a time, or as long as the slowest rate of calls wants
        /// it, whichever is longer; `nil` if no call was answered. A server that slows down under load, waits after refusals,
        /// calls that get no answer and rates of weights are not in it.
        public var seconds: Double?
        /// Rows that would fail.
        public var failed: Int
        /// Bytes of results.
        public var bytes: Int
        /// The calls at a time that `seconds` counts with.
        public var concurrency: Int
    }

    /// Says what `rows` rows would take if all were like those of this run, which were calls to so many `hosts`. Does nothing if
    /// it has finished none.
    mutating func project(_ rows: Int, under options: BatchOptions, hosts: Int) {
        let done = succeeded + failed
        guard done > 0 else { return }
        let times = Double(rows) / Double(done)
        let calls = Double(attempts) * times
        let answered = statuses.values.reduce(0, +) - sharedAnswers
        let mean = answered > 0 ? callSeconds / Double(answered) : nil
        let perHost = options.perHost.map { $0.multipliedReportingOverflow(by: max(1, hosts)) }
        let concurrency = min(options.concurrency, perHost.map { $0.overflow ? .max : $0.partialValue } ?? .max)
        // Where each key has a pace of its own, nobody knows how many there will be.
        let paced = options.rateBy == nil ? options.rate.map { calls * ($0.interval / .seconds(1)) } ?? 0 : 0
        projection = Projection(
            rows: rows, seconds: mean.map { max($0, calls * $0 / Double(concurrency), paced) },
            failed: ReportText.whole((Double(failed) * times).rounded()),
            bytes: ReportText.whole((Double(resultBytes) * times).rounded()), concurrency: concurrency)
    }
}

extension BatchSummary.Projection {
    var text: String {
        let failures = failed == 0 ? "none would fail" : "about \(ReportText.count(failed)) would fail"
        let time = seconds.map { "about \(ReportText.time(milliseconds: $0 * 1000))" } ?? "nobody knows how long"
        return "all \(ReportText.rows(rows, "row")) would take \(time) "
            + "(\(ReportText.count(concurrency)) at a time) and \(ReportText.size(bytes)) of results; \(failures)"
    }
}
#endif
