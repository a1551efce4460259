#if Batch
extension BatchSummary {
    /// What the rows of a sample let expect of all rows that were not finished.
    public struct Projection: Codable, Sendable {
        /// Rows that were not finished when the sample was taken, those of the sample included.
        public var rows: Int
        /// Seconds for all of them: calls times their mean time, so many at a time, or as long as the rates want it, whichever is
        /// longer. A server that slows down under load, and waits after refusals, are not in it.
        public var seconds: Double
        /// Rows that would fail.
        public var failed: Int
        /// Bytes of results.
        public var bytes: Int
        /// The calls at a time that `seconds` counts with.
        public var concurrency: Int
    }

    /// Says what `rows` rows would take if all were like those of this run. Does nothing if it has finished none.
    mutating func project(_ rows: Int, under options: BatchOptions) {
        let done = succeeded + failed
        guard done > 0 else { return }
        let times = Double(rows) / Double(done)
        let calls = Double(attempts) * times
        let answered = statuses.values.reduce(0, +)
        let mean = answered > 0 ? callSeconds / Double(answered) : 0
        let concurrency = options.concurrency
        let paced = options.rate.map { calls * ($0.interval / .seconds(1)) } ?? 0
        projection = Projection(
            rows: rows, seconds: max(mean, calls * mean / Double(concurrency), paced),
            failed: ReportText.whole((Double(failed) * times).rounded()),
            bytes: ReportText.whole((Double(resultBytes) * times).rounded()), concurrency: concurrency)
    }
}

extension BatchSummary.Projection {
    var text: String {
        let failures = failed == 0 ? "none would fail" : "about \(ReportText.count(failed)) would fail"
        return "all \(ReportText.rows(rows, "row")) would take about \(ReportText.time(milliseconds: seconds * 1000)) "
            + "(\(ReportText.count(concurrency)) at a time) and \(ReportText.size(bytes)) of results; \(failures)"
    }
}
#endif
