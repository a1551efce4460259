#if Batch
import Foundation

/// Numbers as people read them.
enum ReportText {
    /// `1234567` as `1,234,567`.
    static func count(_ number: Int) -> String {
        let digits = String(abs(number))
        var text = ""
        for (offset, digit) in digits.enumerated() {
            if offset > 0, (digits.count - offset) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + text
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
        perSecond < 10 ? String(format: "%.1f/s", perSecond) : "\(count(Int(perSecond)))/s"
    }

    static func time(_ duration: Duration) -> String { time(milliseconds: duration / .milliseconds(1)) }

    /// `429 × 48, 503 × 40`, the most frequent first.
    static func tally(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) × \(count($0.value))" }.joined(separator: ", ")
    }
}
#endif
