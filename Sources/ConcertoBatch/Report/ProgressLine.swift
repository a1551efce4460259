#if Batch
import ConcertoHTTP

/// One line that says how far a run is, and why it is not further.
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
    ///
    /// - Parameters:
    ///   - progress: How far the run is.
    ///   - columns: Characters that there is room for. Where they do not suffice the bar goes first, then what is least
    ///     urgent; what is left may still be longer.
    public func text(_ progress: BatchProgress, columns: Int = .max) -> String {
        let parts = parts(progress)
        var shown = parts
        func length() -> Int { shown.reduce(0) { $0 + $1.text.count + 3 } - 3 }
        while length() > columns, let least = shown.map(\.rank).max(), least > 0 {
            shown.removeAll { $0.rank == least }
        }
        let line = shown.map(\.text).joined(separator: " · ")
        guard drawsBar, let total = progress.total, shown.count == parts.count,
            line.count + Self.width + 1 <= columns, let gap = line.firstIndex(of: "%")
        else { return line }
        let done = progress.finished + progress.alreadyFinished
        let bar = Self.bar(total > 0 ? Double(done) / Double(total) : 1)
        return line[...gap] + " " + bar + line[line.index(after: gap)...]
    }

    /// A piece of the line; the higher its rank, the sooner it may be left out.
    private struct Part {
        var text: String
        var rank: Int
    }

    private func parts(_ progress: BatchProgress) -> [Part] {
        guard progress.elapsed > .zero || progress.finished > 0 || progress.planned == 0 else {
            return [Part(text: "  reading the input: \(ReportText.rows(progress.planned, "row"))", rank: 0)]
        }
        let done = progress.finished + progress.alreadyFinished
        var parts: [Part] = []
        func add(_ text: String, _ rank: Int) { parts.append(Part(text: text, rank: rank)) }
        if let total = progress.total {
            let percent = String(ReportText.whole((total > 0 ? Double(done) / Double(total) : 1) * 100))
            add(
                String(repeating: " ", count: 4 - min(4, percent.count + 1)) + "\(percent) % "
                    + "\(ReportText.count(done)) of \(ReportText.count(total))", 0)
        } else {
            add("  \(ReportText.count(done)) done", 0)
        }
        let seconds = progress.elapsed / .seconds(1)
        if seconds > 0 { add("\(ReportText.count(ReportText.whole(Double(progress.attempts) / seconds)))/s", 3) }
        add("\(ReportText.count(progress.inFlight)) in flight", 5)
        if progress.retries > 0 {
            add(
                "\(ReportText.rows(progress.retries, "retry", "retries"))\(ReportText.commonest(progress.retryCauses))",
                4)
        }
        if progress.failed > 0 { add("\(ReportText.count(progress.failed)) failed\(reason(progress))", 1) }
        let longest = progress.waiting.max { $0.value < $1.value }
        if let (host, wait) = longest {
            add(Self.waiting(Visible.text(host), wait, progress.holds[host]), 2)
        } else if let refusing = Self.refusing(progress.holds) {
            add(Visible.text(refusing), 2)
        }
        if let left = left(progress, longest?.value) { add("\(left) left", 1) }
        if let trouble = progress.trouble { add(Visible.text(trouble), 2) }
        return parts
    }

    /// What the failed rows have failed of, most of them.
    private func reason(_ progress: BatchProgress) -> String {
        let kinds = progress.errors.filter { $0.key != "status" }
        return ReportText.commonest(kinds.merging(progress.statuses) { $1 })
    }

    /// What is left by the speed so far, and no less than the pause of a host whose rows may be what is left.
    private func left(_ progress: BatchProgress, _ pause: Duration?) -> String? {
        let done = progress.finished + progress.alreadyFinished
        guard let total = progress.total, progress.finished > 0, done < total else { return nil }
        let seconds = progress.elapsed / .seconds(1) / Double(progress.finished) * Double(total - done)
        return ReportText.time(milliseconds: max(seconds * 1000, (pause ?? .zero) / .milliseconds(1)))
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
        let eighths = ReportText.whole(min(1, max(0, share)) * Double(width * 8))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let drawn = String(repeating: "█", count: eighths / 8) + partial
        return drawn + String(repeating: " ", count: width - drawn.count)
    }
}
#endif
