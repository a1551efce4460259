#if Batch
import Foundation

extension BatchSummary {
    /// The summary for people, several lines, without a line break at the end.
    public var text: String {
        var lines = [headline]
        if !statuses.isEmpty { lines.append("  status     \(ReportText.tally(statuses))") }
        if !errors.isEmpty { lines.append("  errors     \(ReportText.tally(errors))") }
        let repeated = retries.values.reduce(0, +)
        lines.append(
            "  calls      \(ReportText.count(attempts))"
                + (repeated > 0 ? ", \(ReportText.count(repeated)) of them retries: \(ReportText.tally(retries))" : ""))
        for (host, milliseconds) in throttledMilliseconds.sorted(by: { $0.value > $1.value }).prefix(5) {
            lines.append("  throttled  \(ReportText.time(milliseconds: milliseconds)) by \(host), which asked for it")
        }
        for (host, pace) in paces.sorted(by: { $0.value < $1.value }).prefix(5) {
            lines.append(
                "  paced      to \(ReportText.rate(pace)) for \(host), which refused calls without a Retry-After")
        }
        if let serviceTime { lines.append("  latency    \(serviceTime.text) (service)") }
        if let responseTime { lines.append("             \(responseTime.text) (from when a row was due)") }
        return lines.joined(separator: "\n")
    }

    private var headline: String {
        var parts = ["\(ReportText.count(succeeded)) succeeded", "\(ReportText.count(failed)) failed"]
        if alreadyFinished > 0 { parts.append("\(ReportText.count(alreadyFinished)) had finished before") }
        if let unfinished, unfinished > 0 { parts.append("\(ReportText.count(unfinished)) unfinished") }
        return "\(ReportText.count(succeeded + failed)) rows: \(parts.joined(separator: ", ")) "
            + "· \(ReportText.time(milliseconds: seconds * 1000)) · \(ReportText.count(Int(callsPerSecond))) calls/s"
    }

    /// The summary as JSON, keys sorted, with a line break at the end.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(self) + Data("\n".utf8)
    }
}

extension BatchSummary.Latency {
    fileprivate var text: String {
        let values = [("p50", p50), ("p90", p90), ("p99", p99), ("max", max)]
        return values.map { "\($0.0) \(ReportText.time(milliseconds: $0.1))" }.joined(separator: " · ")
    }
}
#endif
