#if Exporters
/// Names of OpenTelemetry as Prometheus wants them. Source: OpenTelemetry, "Prometheus and OpenMetrics Compatibility".
enum PrometheusName {
    /// A name without its unit; `nil` if nothing is left of it.
    static func sanitized(_ name: String) -> String? { cleaned(name, allowsColon: true) }

    /// The name of a label.
    static func label(_ key: String) -> String? { cleaned(key, allowsColon: false) }

    /// What stands for a unit behind a name; `nil` for none.
    static func suffix(of unit: String) -> String? {
        // What stands in braces is a note, not a unit.
        var text = ""
        var isNote = false
        for character in unit {
            switch character {
            case "{": isNote = true
            case "}": isNote = false
            case _ where !isNote: text.append(character)
            default: break
            }
        }
        guard !text.isEmpty, text != "1" else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return cleaned(words[text] ?? text, allowsColon: false) }
        let above = String(parts[0])
        let below = String(parts[1])
        guard !below.isEmpty else { return cleaned(words[above] ?? above, allowsColon: false) }
        let over = per[below] ?? words[below] ?? below
        return cleaned(above.isEmpty ? "per_" + over : "\(words[above] ?? above)_per_\(over)", allowsColon: false)
    }

    /// The name of a family, as OpenMetrics has it: with the unit, without `_total`; `nil` if nothing is left of it.
    static func family(_ snapshot: MetricSnapshot) -> String? {
        guard var name = sanitized(snapshot.name) else { return nil }
        if snapshot.kind == .counter, name.hasSuffix("_total") { name.removeLast("_total".count) }
        if let unit = suffix(of: snapshot.unit), name != unit, !name.hasSuffix("_" + unit) { name += "_" + unit }
        return name
    }

    private static let words: [String: String] = [
        "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
        "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
        "TiBy": "tibibytes", "kBy": "kilobytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes",
        "TBy": "terabytes", "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams",
        "Cel": "celsius", "Hz": "hertz", "%": "percent",
    ]
    private static let per: [String: String] = [
        "s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week", "m": "month", "y": "year",
    ]

    /// What is no letter, digit or underscore becomes an underscore, several of which become one.
    private static func cleaned(_ name: String, allowsColon: Bool) -> String? {
        var bytes: [UInt8] = []
        var hasMeaning = false
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9":
                hasMeaning = true
                bytes.append(UInt8(scalar.value))
            case ":" where allowsColon: bytes.append(UInt8(ascii: ":"))
            default: if bytes.last != UInt8(ascii: "_") { bytes.append(UInt8(ascii: "_")) }
            }
        }
        guard hasMeaning else { return nil }
        let isDigit = bytes[0] >= UInt8(ascii: "0") && bytes[0] <= UInt8(ascii: "9")
        return String(decoding: isDigit ? [UInt8(ascii: "_")] + bytes : bytes, as: UTF8.self)
    }
}
#endif
