#if Batch
import Foundation

/// Numbers as people read them.
enum ReportText {
    /// `1234567` as `1,234,567`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (offset, digit) in digits.enumerated() {
            if offset > 0, (digits.count - offset) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + text
    }

    /// `1 row`, `1,234 rows`.
    static func rows(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    /// `512 bytes`, `500 KB`, `10 MB`.
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1_000: rows(bytes, "byte")
        case ..<1_000_000: String(format: "%.3g KB", Double(bytes) / 1e3)
        case ..<1_000_000_000: String(format: "%.3g MB", Double(bytes) / 1e6)
        default: String(format: "%.3g GB", Double(bytes) / 1e9)
        }
    }

    /// `number`, as an `Int`, whatever it is.
    static func whole(_ number: Double) -> Int {
        number.isFinite ? Int(min(max(number, -1e15), 1e15)) : 0
    }

    /// `0.4 ms`, `12 ms`, `1.2 s`, `4 min`, `2.5 h`.
    static func time(milliseconds: Double) -> String {
        switch milliseconds {
        case ..<10: String(format: "%.1f ms", milliseconds)
        case ..<1_000: String(format: "%.0f ms", milliseconds)
        case ..<60_000: String(format: "%.1f s", milliseconds / 1_000)
        case ..<3_600_000: String(format: "%.0f min", milliseconds / 60_000)
        default: String(format: "%.1f h", milliseconds / 3_600_000)
        }
    }

    /// `0.5/s`, `96/s`.
    static func rate(_ perSecond: Double) -> String {
        perSecond < 10 ? String(format: "%.1f/s", perSecond) : "\(count(whole(perSecond)))/s"
    }

    static func time(_ duration: Duration) -> String { time(milliseconds: duration / .milliseconds(1)) }

    /// ` (429 × 48, 503 × 40, …)`: the two most frequent; nothing for nothing.
    static func commonest(_ counts: [String: Int]) -> String {
        guard !counts.isEmpty else { return "" }
        let first = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(2)
        return " (\(tally(Dictionary(uniqueKeysWithValues: Array(first))))\(counts.count > 2 ? ", …" : ""))"
    }

    /// `429 × 48, 503 × 40`, the most frequent first.
    static func tally(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Visible.text($0.key)) × \(count($0.value))" }.joined(separator: ", ")
    }
}
#endif
