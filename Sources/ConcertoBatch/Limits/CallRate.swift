#if Batch
/// So many calls, or so much of what calls count as, in so much time.
public struct CallRate: Sendable {
    /// How many.
    public var calls: Double
    /// In how much time.
    public var period: Duration
    /// What is counted; empty for calls.
    public var unit = ""

    /// Reads `50/s`, `100/m`, `1000/h`, or a bare number a second, from 0.01 to 1,000,000; `90000tokens/m` for what calls count
    /// as, whole numbers from 1 to 1,000,000,000; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let periods: [Substring: Duration] = ["s": .seconds(1), "m": .seconds(60), "h": .seconds(3600)]
        guard let amount = parts.first, parts.count <= 2 else { return nil }
        // `1e3` is a number and no unit.
        let digits = Double(amount) == nil ? amount.prefix { $0.isNumber || $0 == "." } : amount
        let unit = amount[digits.endIndex...]
        guard unit.allSatisfy({ $0.isLetter || $0 == "_" }), let calls = Double(digits),
            let period = parts.count == 1 ? .seconds(1) : periods[parts[1]]
        else { return nil }
        let fits =
            unit.isEmpty ? (0.01...1_000_000).contains(calls) : (1...1e9).contains(calls) && calls == calls.rounded()
        guard fits else { return nil }
        self.calls = calls
        self.period = period
        self.unit = String(unit)
    }

    /// Whether it counts what calls count as.
    public var isWeighted: Bool { !unit.isEmpty }

    /// The time between two calls.
    public var interval: Duration { period / calls }

    /// Calls that may follow at once on one that came late: those of 5 ms. No timer is exact, and without it each lateness
    /// would be lost for good.
    var slack: Int { Int(Duration.milliseconds(5) / interval) }

    /// What may be taken at once of a weighted rate: a tenth of what its period allows, so that a server that counts any such
    /// period never sees more than a tenth too much.
    var bucket: Int { max(1, Int(calls / 10)) }

    /// `90000 tokens a minute`.
    var text: String {
        let time = period == .seconds(1) ? "second" : period == .seconds(60) ? "minute" : "hour"
        return "\(Int(calls)) \(unit) a \(time)"
    }
}
#endif
