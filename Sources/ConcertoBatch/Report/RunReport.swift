#if Batch
import Foundation

/// A run as a page that people can pass on: one file of HTML without scripts, which asks nobody for anything.
public struct RunReport: Sendable {
    let summary: BatchSummary
    let timeline: RunTimeline
    /// What the run is called.
    let title: String

    /// The page.
    public var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Self.escaped(title))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <main>
        <h1>\(Self.escaped(title))</h1>
        <p class="headline">\(Self.escaped(headline))</p>
        \(tiles)
        \(throughput)
        \(latencies)
        \(failures)
        \(table("Repeated calls, by what made them necessary", ("cause", "calls"), counts(summary.retries)))
        \(table("Answers by status", ("status", "rows"), counts(summary.statuses)))
        \(hosts)
        </main>
        </body>
        </html>

        """
    }

    private var headline: String {
        let ending =
            switch summary.ending {
            case .completed: "completed"
            case .sampled: "a sample"
            case .tooManyFailures: "stopped: more rows failed than allowed"
            case .interrupted: "interrupted; it can be resumed"
            case .inputChanged: "stopped: the input changed while it was read"
            }
        return "\(ReportText.rows(summary.succeeded + summary.failed, "row")) in "
            + "\(ReportText.time(milliseconds: summary.seconds * 1000)), \(ending)"
    }

    private var tiles: String {
        var values = [
            ("succeeded", ReportText.count(summary.succeeded)), ("failed", ReportText.count(summary.failed)),
            ("calls", ReportText.count(summary.attempts)),
            ("calls/s", ReportText.count(ReportText.whole(summary.callsPerSecond))),
        ]
        if let unfinished = summary.unfinished, unfinished > 0 {
            values.append(("unfinished", ReportText.count(unfinished)))
        }
        if let time = summary.serviceTime {
            for (name, value) in [("p50", time.p50), ("p90", time.p90), ("p99", time.p99), ("slowest", time.max)] {
                values.append((name, ReportText.time(milliseconds: value)))
            }
        }
        let items = values.map { "<div><dt>\($0)</dt><dd>\(Self.escaped($1))</dd></div>" }
        return "<dl class=\"tiles\">\(items.joined())</dl>"
    }

    private var failures: String {
        let groups = timeline.failures.sorted { ($1.value.count, $0.key.host) < ($0.value.count, $1.key.host) }
        guard !groups.isEmpty else { return "" }
        let rows = groups.map { place, group in
            let example = "line \(group.example.line), id \(group.example.id): \(group.example.message)"
            return "<tr><td>\(Self.escaped(place.host.isEmpty ? "(not called)" : place.host))</td>"
                + "<td>\(Self.escaped(place.kind))</td><td class=\"n\">\(ReportText.count(group.count))</td>"
                + "<td>\(Self.escaped(example))</td></tr>"
        }
        return """
            <h2>Failed rows</h2>
            <div class="wide" tabindex="0" role="region" aria-label="Failed rows"><table>
            <thead><tr><th scope="col">host</th><th scope="col">kind</th><th scope="col" class="n">rows</th>\
            <th scope="col">the first</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></div>
            """
    }

    private var hosts: String {
        var lines: [(String, String)] = []
        for (host, time) in summary.throttledMilliseconds.sorted(by: { $0.value > $1.value }) {
            lines.append((host, "left alone for \(ReportText.time(milliseconds: time)), which it asked for"))
        }
        for (host, pace) in summary.paces.sorted(by: { $0.value < $1.value }) {
            lines.append((host, "paced to \(ReportText.rate(pace)) at the end: it had refused calls"))
        }
        for (host, limit) in summary.limits.sorted(by: { $0.value < $1.value }) {
            lines.append(
                (host, "\(ReportText.rows(limit, "call")) at a time at the end, as many as it was found to bear"))
        }
        return table("Hosts that held the run back", ("host", "how"), Array(lines.prefix(100)))
    }

    private func counts(_ counts: [String: Int]) -> [(String, String)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, ReportText.count($0.value)) }
    }

    private func table(_ title: String, _ heads: (String, String), _ lines: [(String, String)]) -> String {
        guard !lines.isEmpty else { return "" }
        let rows = lines.map { "<tr><td>\(Self.escaped($0))</td><td>\(Self.escaped($1))</td></tr>" }
        return """
            <h2>\(title)</h2>
            <table><thead><tr><th scope="col">\(heads.0)</th><th scope="col">\(heads.1)</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table>
            """
    }

    /// Text as it may stand between tags and in quoted attributes; control characters are spelt out.
    static func escaped(_ text: String) -> String {
        Visible.text(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1a202c; --soft: #566176; --page: #fff; --line: #d5dae3; --good: #2b6cb0; \
        --bad: #c2410c; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #a3adbf; --page: #14171d; --line: #333b49; \
        --good: #63a4e6; --bad: #f08a4b; } }
        body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 960px; margin: 0 auto; padding: 24px 16px 48px; }
        h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 32px 0 8px; }
        .headline, figcaption { color: var(--soft); margin: 4px 0 16px; } figure { margin: 0; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(96px, 1fr)); gap: 12px; margin: 0; }
        .tiles div { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
        .tiles dt { color: var(--soft); font-size: .8rem; } .tiles dd { margin: 0; font-size: 1.15rem; white-space: nowrap; }
        table { border-collapse: collapse; } .wide { overflow-x: auto; }
        th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; \
        overflow-wrap: anywhere; }
        th { color: var(--soft); font-weight: 500; } .n { text-align: right; }
        svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
        .good { fill: var(--good); } .bad { fill: var(--bad); } .axis { stroke: var(--line); }
        """
}
#endif
