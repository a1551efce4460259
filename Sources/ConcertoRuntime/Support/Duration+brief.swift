extension Duration {
    /// The duration for people, with three digits at most: `3 ms`, `1.25 s`, `2 min`.
    package var brief: String {
        let total = saturatingNanoseconds
        let (seconds, nanoseconds) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        if seconds >= 600 || seconds <= -600 { return "\(seconds / 60) min" }
        if seconds != 0 { return Self.text(total / 10_000_000, "s") }
        if nanoseconds.magnitude >= 1_000_000 { return Self.text(nanoseconds / 10_000, "ms") }
        return Self.text(nanoseconds / 10, "µs")
    }

    /// `hundredths` of a unit; three digits, and none behind the point that is zero.
    private static func text(_ hundredths: Int64, _ unit: String) -> String {
        let magnitude = hundredths.magnitude
        let sign = hundredths < 0 ? "-" : ""
        let digits = magnitude >= 10_000 ? 0 : magnitude >= 1_000 ? 1 : 2
        var fraction = "\(magnitude % 100)"
        if fraction.count == 1 { fraction = "0" + fraction }
        fraction = String(fraction.prefix(digits))
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(magnitude / 100)\(fraction.isEmpty ? "" : "." + fraction) \(unit)"
    }
}
