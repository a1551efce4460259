/// Draws what limits and hedging do.
enum OverloadReport {
    private static let seed: UInt64 = 20_260_101

    static func write(into folder: String) {
        for (file, text) in files() { ReportFile.save(text, at: folder + "/" + file) }
    }

    /// Whether another simulation gives what `folder` shows.
    static func check(_ folder: String) -> Bool {
        var isRight = true
        for (file, text) in files() where ReportFile.load(folder + "/" + file) != text {
            print("\(folder)/\(file) shows something else: draw it anew")
            isRight = false
        }
        return isRight
    }

    private typealias Curve = (name: String, seconds: [Overload.Second])

    private static func files() -> [(String, String)] {
        let curves = Overload.all.map { ($0.name, $0.run(seed: seed)) }
        let tails = Tail.all.map { ($0.name, $0.run(seed: seed)) }
        return [
            ("adaptive.svg", svg(curves)), ("adaptive.md", page(curves)), ("hedging.md", page(tails)),
        ]
    }

    private static func page(_ curves: [Curve]) -> String {
        """
        # Limits that find themselves

        A service gets calls whether or not it can serve them. It works on so many at a time, in order, each for 50 ms more or less,
        and goes on with a call whose caller has given up after a second. A call is good if it ends within half a second.

        ![Good calls a second over time](adaptive.svg)

        \(table(curves))

        A static limit is right for one service: 20, which happens to be what this one works on at a time, does as well as the
        gradient. Who guessed 100 gets a third of what there is when capacity halves, because calls grow old in the queue. The
        gradient finds its limit from latencies alone. AIMD has to be told what overload is, here 250 ms: beside a slow neighbour one
        call in a hundred takes 400 ms whatever the load, and AIMD lets hardly anything through.

        | limit at the end of the phase | \(Overload.phases.map(\.name).joined(separator: " | ")) |
        |---|\(String(repeating: "---|", count: Overload.phases.count))
        \(limits(curves))

        ## A loud tenant

        Two tenants of that service as usual: a quiet one, \(Tenants.callsPerSecond["quiet"] ?? 0) calls a second, and a loud one, \(Tenants.callsPerSecond["loud"] ?? 0).

        | good calls a second | quiet | loud | together |
        |---|---|---|---|
        \(tenants())

        With one adaptive limit the service keeps its goodput, but the quiet tenant gets its share of the crowd. With half of the
        limit its own (`PartitionedAdaptiveLimiter`) it never waits for the loud one, which gets what is left.

        The real limiters under a manual clock, not a model of them; the same each time. Drawn by
        `swift run -c release concerto-bench-resilience adaptive ../docs/resilience` in `Benchmarks/` (seed \(seed));
        `adaptive --check ../docs/resilience` simulates again and compares.

        """
    }

    private static func table(_ curves: [Curve]) -> String {
        var lines = [
            "| good calls a second | \(Overload.phases.map(\.name).joined(separator: " | ")) |",
            "|---|" + String(repeating: "---|", count: Overload.phases.count),
            "| *calls a second* | \(Overload.phases.map { "\($0.callsPerSecond)" }.joined(separator: " | ")) |",
            "| *capacity* | \(Overload.phases.map { "\($0.capacity)" }.joined(separator: " | ")) |",
        ]
        for curve in curves {
            let cells = Overload.phases.map { phase in
                let good = curve.seconds[phase.seconds].reduce(0) { $0 + $1.good }
                return "\(good / phase.seconds.count)"
            }
            lines.append("| \(curve.name) | \(cells.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n")
    }

    private static func tenants() -> String {
        Tenants.all.map { tenants in
            let good = tenants.run(seed: seed)
            let (quiet, loud) = (good["quiet"] ?? 0, good["loud"] ?? 0)
            return "| \(tenants.name) | \(quiet) | \(loud) | \(quiet + loud) |"
        }.joined(separator: "\n")
    }

    private static func limits(_ curves: [Curve]) -> String {
        curves.filter { $0.name.hasPrefix("adaptive") }.map { curve in
            let cells = Overload.phases.map { "\(curve.seconds[$0.seconds.upperBound - 1].limit)" }
            return "| \(curve.name) | \(cells.joined(separator: " | ")) |"
        }.joined(separator: "\n")
    }

    private static func page(_ tails: [(name: String, outcome: Tail.Outcome)]) -> String {
        """
        # The tail, and what cuts it

        \(Tail.calls) calls, 200 a second. One in twenty is slow by chance: it takes 100 ms to 1 s, the others 10 to 20 ms.

        | | median | 95 % | 99 % | 99.9 % | calls that the dependency gets |
        |---|---|---|---|---|---|
        \(tails.map { row($0.name, $0.outcome) }.joined(separator: "\n"))

        The real strategy under a manual clock; the same each time. Made by
        `swift run -c release concerto-bench-resilience adaptive ../docs/resilience` in `Benchmarks/` (seed \(seed)).

        """
    }

    private static func row(_ name: String, _ outcome: Tail.Outcome) -> String {
        "| \(name) | \(outcome.median) ms | \(outcome.p95) ms | \(outcome.p99) ms | \(outcome.p999) ms | \(outcome.attempts) % |"
    }

    private static func svg(_ curves: [Curve]) -> String {
        let colours = ["#7f8c8d", "#c0392b", "#e67e22", "#2471a3", "#1e8449"]
        let (width, height, left, bottom, top) = (860.0, 380.0, 60.0, 340.0, 20.0)
        let most = 450.0
        func x(_ second: Double) -> Double { left + (width - left - 20) * second / Double(Overload.seconds) }
        func y(_ value: Double) -> Double { bottom - (bottom - top) * min(1, value / most) }
        func text(_ x: Double, _ y: Double, _ rest: String, _ text: String) -> String {
            "<text x=\"\(tenths(x))\" y=\"\(tenths(y))\" \(rest)>\(text)</text>\n"
        }
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" "
            + "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        for (index, phase) in Overload.phases.enumerated() {
            let (from, to) = (x(Double(phase.seconds.lowerBound)), x(Double(phase.seconds.upperBound)))
            if index % 2 == 1 {
                svg +=
                    "<rect x=\"\(from)\" y=\"\(top)\" width=\"\(to - from)\" height=\"\(bottom - top)\" fill=\"#f4f6f6\"/>\n"
            }
            svg += text((from + to) / 2, bottom + 18, "text-anchor=\"middle\"", phase.name)
        }
        for step in stride(from: 0, through: 400, by: 100) {
            svg +=
                "<line x1=\"\(left)\" x2=\"\(width - 20)\" y1=\"\(tenths(y(Double(step))))\" y2=\"\(tenths(y(Double(step))))\" stroke=\"#ddd\"/>\n"
            svg += text(left - 8, y(Double(step)) + 4, "text-anchor=\"end\"", "\(step)")
        }
        for (index, curve) in curves.enumerated() {
            let points = stride(from: 0, to: Overload.seconds, by: 3).map { second in
                let good = curve.seconds[second..<min(second + 3, Overload.seconds)].reduce(0) { $0 + $1.good }
                return "\(tenths(x(Double(second) + 1.5))),\(tenths(y(Double(good) / 3)))"
            }
            svg +=
                "<polyline fill=\"none\" stroke=\"\(colours[index % 5])\" stroke-width=\"1.6\" points=\"\(points.joined(separator: " "))\"/>\n"
            svg += text(left + 12, top + 18 + 16 * Double(index), "fill=\"\(colours[index % 5])\"", curve.name)
        }
        return svg + text(left, 14, "", "good calls a second") + "</svg>\n"
    }

    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
