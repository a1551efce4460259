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
            lines.append(
                "  throttled  \(ReportText.time(milliseconds: milliseconds)) by \(Visible.text(host)), which asked for it"
            )
        }
        for (host, pace) in paces.sorted(by: { $0.value < $1.value }).prefix(5) {
            lines.append(
                "  paced      to \(ReportText.rate(pace)) for \(Visible.text(host)), which refused calls without a Retry-After"
            )
        }
        if sharedAnswers > 0 {
            lines.append(
                "  shared     \(ReportText.rows(sharedAnswers, "row")) took the answer of another's call (--dedupe)")
        }
        if hedges > 0 { lines.append("  hedged     \(ReportText.rows(hedges, "call")) sent a second time (--hedge)") }
        for (host, limit) in limits.sorted(by: { $0.value < $1.value }).prefix(5) {
            lines.append("  at a time  \(ReportText.rows(limit, "call")) to \(Visible.text(host)), found by -c auto")
        }
        if cutBodies > 0 {
            lines.append(
                "  cut        \(ReportText.rows(cutBodies, "body", "bodies")) at --max-body (\(ReportText.size(maximumBody)))"
            )
        }
        if lostResults > 0 {
            lines.append(
                "  lost       \(ReportText.rows(lostResults, "result")) of earlier runs: no longer in the output, called again"
            )
        }
        let redirects = ["301", "302", "303", "307", "308"].reduce(0) { $0 + statuses[$1, default: 0] }
        if redirects > 0, !followedRedirects {
            lines.append("  redirects  \(ReportText.rows(redirects, "answer")) sent elsewhere; -L follows them")
        }
        if let serviceTime { lines.append("  latency    \(serviceTime.text) (service)") }
        if let responseTime { lines.append("             \(responseTime.text) (from when a row was due)") }
        if let projection { lines.append("  sample     \(projection.text)") }
        return lines.joined(separator: "\n")
    }

    private var headline: String {
        var parts = ["\(ReportText.count(succeeded)) succeeded", "\(ReportText.count(failed)) failed"]
        if alreadyFinished > 0 {
            let failed = alreadyFailed > 0 ? ", \(ReportText.count(alreadyFailed)) of them with a failure" : ""
            parts.append("\(ReportText.count(alreadyFinished)) had finished before\(failed)")
        }
        if let unfinished, unfinished > 0 { parts.append("\(ReportText.count(unfinished)) unfinished") }
        return "\(ReportText.rows(succeeded + failed, "row")): \(parts.joined(separator: ", ")) "
            + "· \(ReportText.time(milliseconds: seconds * 1000)) · \(ReportText.count(ReportText.whole(callsPerSecond))) calls/s"
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
