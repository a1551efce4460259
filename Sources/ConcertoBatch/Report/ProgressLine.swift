#if Batch
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
            let time = ReportText.time(max(.zero, wait))
            parts.append(
                progress.away.contains(host) ? "\(host) does not answer, next try in \(time)" : "\(host) waits \(time)")
        }
        if let total = progress.total, progress.finished > 0, done < total {
            let left = seconds / Double(progress.finished) * Double(total - done)
            parts.append("\(ReportText.time(milliseconds: left * 1000)) left")
        }
        return parts.joined(separator: " · ")
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
