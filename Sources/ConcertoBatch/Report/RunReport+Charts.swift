#if Batch
import Foundation

/// The pictures: SVG inside the page, each with its numbers as titles.
extension RunReport {
    private static let (width, left, bottom) = (900.0, 64.0, 20.0)

    private var step: Double { (Self.width - Self.left) / Double(max(1, timeline.slices.count)) }

    private func x(_ slice: Int) -> Double { Self.left + Double(slice) * step }

    /// Finished rows over time.
    var throughput: String {
        let height = 160.0
        let seconds = timeline.width / .seconds(1)
        let most = timeline.slices.map { $0.succeeded + $0.failed }.max() ?? 0
        guard most > 0 else { return "" }
        let scale = (height - 8) / Double(most)
        var shapes: [String] = []
        for (index, slice) in timeline.slices.enumerated() where slice.succeeded + slice.failed > 0 {
            let (good, bad) = (Double(slice.succeeded) * scale, Double(slice.failed) * scale)
            let title =
                "\(time(index)): \(ReportText.count(slice.succeeded)) succeeded, \(ReportText.count(slice.failed)) failed, "
                + "\(ReportText.rows(slice.retries, "retry", "retries"))"
            shapes.append("<g><title>\(title)</title>")
            if good > 0 { shapes.append(rectangle("good", x(index), height - good, step, good)) }
            if bad > 0 { shapes.append(rectangle("bad", x(index), height - good - bad, step, bad)) }
            shapes.append("</g>")
        }
        let rate = Double(most) / seconds
        return figure(
            "Finished rows a second", height, shapes,
            [(8, ReportText.rate(rate)), (height, "0")],
            "Blue: succeeded; orange: failed. Each bar is \(ReportText.time(timeline.width)).")
    }

    /// How long the last attempts took over time: the darker, the more.
    var latencies: String {
        let used = timeline.slices.flatMap { slice in slice.latencies.indices.filter { slice.latencies[$0] > 0 } }
        guard let low = used.min(), let high = used.max() else { return "" }
        let row = min(16.0, 192 / Double(high - low + 1))
        let height = row * Double(high - low + 1)
        let most = Double(timeline.slices.flatMap(\.latencies).max() ?? 1)
        var shapes: [String] = []
        for (index, slice) in timeline.slices.enumerated() {
            for band in low...high where slice.latencies[band] > 0 {
                let share = (Double(slice.latencies[band]) / most).squareRoot()
                let opacity = String(format: "%.2f", 0.12 + 0.88 * share)
                shapes.append(
                    "<g opacity=\"\(opacity)\"><title>\(time(index)), \(name(band)): \(ReportText.count(slice.latencies[band]))"
                        + "</title>\(rectangle("good", x(index), height - Double(band - low + 1) * row, step, row))</g>"
                )
            }
        }
        var labels: [(Double, String)] = []
        for band in low...(high + 1) where (band - low).isMultiple(of: max(1, (high - low + 1) / 6)) {
            labels.append(
                (height - Double(band - low) * row, ReportText.time(milliseconds: RunTimeline.start(of: band))))
        }
        return figure("Latency of the last attempts", height, shapes, labels, "The darker, the more rows.")
    }

    private func figure(
        _ title: String, _ height: Double, _ shapes: [String], _ labels: [(y: Double, text: String)], _ caption: String
    ) -> String {
        let texts = labels.map { text(Self.left - 6, max(10, $0.y), "end", $0.text) }
        let end = time(timeline.slices.count)
        let foot = text(Self.left, height + 16, "start", "0 s") + text(Self.width, height + 16, "end", end)
        return """
            <h2>\(title)</h2>
            <figure><svg viewBox="0 0 \(number(Self.width)) \(number(height + Self.bottom))" role="img" aria-label="\(title) \
            over time, \(end)">
            <line class="axis" x1="\(number(Self.left))" y1="\(number(height))" x2="\(number(Self.width))" \
            y2="\(number(height))"/>
            \(shapes.joined(separator: "\n"))
            \(texts.joined())\(foot)
            </svg><figcaption>\(caption)</figcaption></figure>
            """
    }

    private func rectangle(_ kind: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> String {
        "<rect class=\"\(kind)\" x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0.5, width - 0.5)))\" "
            + "height=\"\(number(height))\"/>"
    }

    private func text(_ x: Double, _ y: Double, _ anchor: String, _ text: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(Self.escaped(text))</text>"
    }

    private func number(_ value: Double) -> String { String(format: "%.2f", value) }

    /// When a slice begins.
    private func time(_ slice: Int) -> String { ReportText.time(timeline.width * slice) }

    private func name(_ band: Int) -> String {
        let start = ReportText.time(milliseconds: RunTimeline.start(of: band))
        guard band < RunTimeline.bands - 1 else { return "\(start) and more" }
        return "\(start) to \(ReportText.time(milliseconds: RunTimeline.start(of: band + 1)))"
    }
}
#endif
