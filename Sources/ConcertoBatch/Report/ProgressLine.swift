#if Batch
import ConcertoHTTP

/// One line that says how far a run is.
public struct ProgressLine: Sendable {
    /// The bar's width in characters.
    private static let width = 25

    /// Whether a bar is drawn, for a terminal.
    private var drawsBar: Bool

    /// Creates a format.
    ///
    /// - Parameter drawsBar: Whether a bar is drawn, for a terminal.
    public init(drawsBar: Bool) { self.drawsBar = drawsBar }

    /// The line, without a line break.
    public func text(_ progress: BatchProgress) -> String {
        let done = progress.finished + progress.alreadyFinished
        var parts: [String] = []
        if let total = progress.total {
            let share = total > 0 ? Double(done) / Double(total) : 1
            let percent = String(Int(share * 100))
            let bar = drawsBar ? Self.bar(share) + " " : ""
            parts.append(
                String(repeating: " ", count: 4 - min(4, percent.count + 1)) + "\(percent) % \(bar)"
                    + "\(ReportText.count(done)) of \(ReportText.count(total))")
        } else {
            parts.append("  \(ReportText.count(done)) done")
        }
        let seconds = progress.elapsed / .seconds(1)
        if seconds > 0 { parts.append("\(ReportText.count(Int(Double(progress.attempts) / seconds)))/s") }
        parts.append("\(ReportText.count(progress.inFlight)) in flight")
        if progress.retries > 0 { parts.append("\(ReportText.count(progress.retries)) retries") }
        if progress.failed > 0 { parts.append("\(ReportText.count(progress.failed)) failed") }
        if let (host, wait) = progress.waiting.max(by: { $0.value < $1.value }) {
            parts.append(Self.waiting(host, wait, progress.holds[host]))
        } else if let refusing = Self.refusing(progress.holds) {
            parts.append(refusing)
        }
        if let total = progress.total, progress.finished > 0, done < total {
            let left = seconds / Double(progress.finished) * Double(total - done)
            parts.append("\(ReportText.time(milliseconds: left * 1000)) left")
        }
        return parts.joined(separator: " · ")
    }

    /// Why a host waits, and for how much longer.
    private static func waiting(_ host: String, _ wait: Duration, _ hold: HostHold?) -> String {
        let time = ReportText.time(max(.zero, wait))
        return switch hold {
        case .asked(let status): "\(host) waits \(time) (\(status))"
        case .fails(503): "\(host) refuses with 503, next try in \(time)"
        case .fails(let status): "\(host) answers with \(status), next try in \(time)"
        case .silent: "\(host) does not answer, next try in \(time)"
        case .refuses, nil: "\(host) waits \(time)"
        }
    }

    /// The host that is called most slowly of those that refuse calls.
    private static func refusing(_ holds: [String: HostHold]) -> String? {
        let slowest = holds.compactMap { host, hold -> (host: String, status: Int, pace: Double)? in
            guard case .refuses(let status, let pace) = hold else { return nil }
            return (host, status, pace)
        }.min { $0.pace < $1.pace }
        return slowest.map { "\($0.host) refuses with \($0.status), \(ReportText.rate($0.pace))" }
    }

    /// A bar in eighths of a character.
    private static func bar(_ share: Double) -> String {
        let eighths = Int(min(1, max(0, share)) * Double(width * 8))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let drawn = String(repeating: "█", count: eighths / 8) + partial
        return drawn + String(repeating: " ", count: width - drawn.count)
    }
}
#endif
