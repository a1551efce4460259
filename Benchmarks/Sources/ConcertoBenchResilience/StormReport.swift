/// Draws what the storms did.
enum StormReport {
    private static let seed: UInt64 = 20_260_101

    static func write(into folder: String) {
        let curves = simulate()
        ReportFile.save(svg(curves), at: folder + "/storm.svg")
        ReportFile.save(page(curves, seed), at: folder + "/storm.md")
        print(table(curves))
    }

    /// Whether a second run of each storm gives the same, and whether that is what `folder` shows.
    static func check(_ folder: String) -> Bool {
        let curves = simulate()
        var isRight = true
        for (storm, curve) in zip(Storm.all, curves) where storm.run(seed: seed) != curve.seconds {
            print("\(storm.name): two runs differ")
            isRight = false
        }
        for (file, text) in [("storm.svg", svg(curves)), ("storm.md", page(curves, seed))] {
            guard ReportFile.load(folder + "/" + file) != text else { continue }
            print("\(folder)/\(file) shows something else: draw it anew")
            isRight = false
        }
        return isRight
    }

    private static func simulate() -> [(name: String, seconds: [Storm.Second])] {
        Storm.all.map { ($0.name, $0.run(seed: seed)) }
    }

    private static func table(_ curves: [(name: String, seconds: [Storm.Second])]) -> String {
        var lines = [
            "| | attempts a request in the outage | most attempts a second | successes after the outage |",
            "|---|---|---|---|",
        ]
        for curve in curves {
            let outage = curve.seconds[Storm.outage]
            let ratio = Double(sum(outage, \.attempts)) / Double(max(1, sum(outage, \.requests)))
            let most = curve.seconds.map(\.attempts).max() ?? 0
            let after = curve.seconds[Storm.outage.upperBound...]
            let share = Double(sum(after, \.succeeded)) / Double(max(1, sum(after, \.requests)))
            lines.append("| \(curve.name) | \(hundredths(ratio)) | \(most) | \(hundredths(100 * share)) % |")
        }
        return lines.joined(separator: "\n")
    }

    private static func page(_ curves: [(name: String, seconds: [Storm.Second])], _ seed: UInt64) -> String {
        """
        # A retry storm, and what stops it

        \(Storm.callers) callers in one process make a request a second each. The dependency can serve 2,000 calls a second; from
        second \(Storm.outage.lowerBound) to second \(Storm.outage.upperBound) it fails every call. All three retry up to four times with exponential back-off and full
        jitter; one without a budget, one with Concerto's default budget, one with the budget and a default circuit breaker.

        ![Calls a second over time](storm.svg)

        \(table(curves))

        The curves are the real strategies under a manual clock, not a model of them, and come out the same each time. Drawn by
        `swift run -c release concerto-bench-resilience storm ../docs/resilience` in `Benchmarks/` (seed \(seed));
        `storm --check ../docs/resilience` simulates twice and compares both with this page.

        """
    }

    private static func svg(_ curves: [(name: String, seconds: [Storm.Second])]) -> String {
        let colours = ["#c0392b", "#2471a3", "#1e8449"]
        let width = 860.0
        let height = 380.0
        let left = 60.0
        let bottom = 340.0
        let top = 20.0
        let most = Double(curves.flatMap(\.seconds).map(\.attempts).max() ?? 1) * 1.05
        func x(_ second: Int) -> Double { left + (width - left - 20) * Double(second) / Double(Storm.seconds) }
        func y(_ value: Double) -> Double { bottom - (bottom - top) * value / most }
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" "
            + "font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
            + "<rect x=\"\(x(Storm.outage.lowerBound))\" y=\"\(top)\" "
            + "width=\"\(x(Storm.outage.upperBound) - x(Storm.outage.lowerBound))\" height=\"\(bottom - top)\" "
            + "fill=\"#f5e6e4\"/>\n"
        for step in stride(from: 0, through: Int(most), by: 1_000) {
            svg +=
                "<line x1=\"\(left)\" x2=\"\(width - 20)\" y1=\"\(y(Double(step)))\" y2=\"\(y(Double(step)))\" stroke=\"#ddd\"/>\n"
            svg += "<text x=\"\(left - 8)\" y=\"\(y(Double(step)) + 4)\" text-anchor=\"end\">\(step)</text>\n"
        }
        for second in stride(from: 0, through: Storm.seconds, by: 30) {
            svg += "<text x=\"\(x(second))\" y=\"\(bottom + 18)\" text-anchor=\"middle\">\(second) s</text>\n"
        }
        for (index, curve) in curves.enumerated() {
            let points = curve.seconds.enumerated().map { "\(hundredths(x($0))),\(hundredths(y(Double($1.attempts))))" }
            svg +=
                "<polyline fill=\"none\" stroke=\"\(colours[index % 3])\" stroke-width=\"1.6\" points=\"\(points.joined(separator: " "))\"/>\n"
            svg +=
                "<text x=\"\(width - 240)\" y=\"\(top + 18 + 16 * Double(index))\" fill=\"\(colours[index % 3])\">\(curve.name)</text>\n"
        }
        return svg
            + "<text x=\"\(left)\" y=\"14\">calls a second that reach the dependency; it fails in the shaded minute</text>\n</svg>\n"
    }

    private static func sum(_ seconds: ArraySlice<Storm.Second>, _ part: KeyPath<Storm.Second, Int>) -> Int {
        seconds.reduce(0) { $0 + $1[keyPath: part] }
    }

    private static func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
