#if Exporters
/// Writes metrics as a page that Prometheus reads.
public struct PrometheusPage: Sendable {
    /// The format.
    public let format: PrometheusFormat
    private var bytes: [UInt8] = []

    /// The page of a registry now.
    ///
    /// Two pages between which nothing was counted are the same, byte by byte. No series has a time stamp.
    ///
    /// - Parameter resource: What `target_info` says; no such line if empty.
    public static func write(
        _ registry: MetricRegistry, resource: Attributes = [:], as format: PrometheusFormat = .text
    ) -> [UInt8] {
        write(registry.collect(), resource: resource, as: format, warn: registry.warn)
    }

    /// The page of metrics that were collected.
    ///
    /// - Parameter warn: Told what was dropped, and why.
    public static func write(
        _ metrics: [MetricSnapshot], resource: Attributes = [:], as format: PrometheusFormat = .text,
        warn: (String) -> Void = { _ in }
    ) -> [UInt8] {
        var page = PrometheusPage(format: format)
        page.bytes.reserveCapacity(64 * metrics.reduce(16) { $0 + $1.points.count })
        if !resource.isEmpty { page.target(PrometheusFamily.labels(resource, warn: warn)) }
        for family in PrometheusFamily.all(metrics, warn: warn) { page.family(family) }
        if format == .openMetrics { page.put("# EOF\n") }
        return page.bytes
    }

    private init(format: PrometheusFormat) { self.format = format }

    private mutating func target(_ labels: [PrometheusFamily.Label]) {
        switch format {
        case .text: put("# HELP target_info Target metadata\n# TYPE target_info gauge\n")
        case .openMetrics: put("# TYPE target info\n# HELP target Target metadata\n")
        }
        sample("target_info", "", labels)
        put("1\n")
    }

    private mutating func family(_ family: PrometheusFamily) {
        guard !family.series.isEmpty else { return }
        let name = format == .text && family.kind == .counter ? family.name + "_total" : family.name
        let help = family.help.isEmpty ? "No description" : family.help
        switch format {
        case .text:
            put("# HELP \(name) ")
            escape(help, quotes: false)
            put("\n# TYPE \(name) \(family.kind.type)\n")
        case .openMetrics:
            put("# TYPE \(name) \(family.kind.type)\n")
            if let unit = family.unit, name.hasSuffix("_" + unit) || name == unit { put("# UNIT \(name) \(unit)\n") }
            put("# HELP \(name) ")
            escape(help, quotes: true)
            put("\n")
        }
        for series in family.series { write(series, of: family) }
    }

    private mutating func write(_ series: PrometheusFamily.Series, of family: PrometheusFamily) {
        switch series.value {
        case .int(let number):
            sample(family.name, family.kind == .counter ? "_total" : "", series.labels)
            put(String(number))
            put("\n")
        case .double(let number):
            sample(family.name, family.kind == .counter ? "_total" : "", series.labels)
            put(Self.text(number))
            put("\n")
        case .histogram(let distribution): histogram(distribution, series, family.name)
        case .exponential(let distribution): histogram(distribution.explicit, series, family.name)
        }
    }

    private mutating func histogram(
        _ distribution: MetricSnapshot.Distribution, _ series: PrometheusFamily.Series, _ name: String
    ) {
        var total: UInt64 = 0
        for (place, count) in distribution.counts.enumerated() {
            total += count
            let isLast = place == distribution.bounds.count
            let bound = isLast ? Double.infinity : distribution.bounds[place]
            sample(name, "_bucket", series.labels, le: Self.bound(bound))
            put(String(total))
            if format == .openMetrics {
                let below = place == 0 ? -Double.infinity : distribution.bounds[place - 1]
                if let exemplar = series.exemplars.last(where: { $0.value <= bound && $0.value > below }) {
                    put(" # {span_id=\"\(exemplar.spanID)\",trace_id=\"\(exemplar.traceID)\"} ")
                    put("\(Self.text(exemplar.value)) \(Self.seconds(exemplar.time))")
                }
            }
            put("\n")
        }
        sample(name, "_sum", series.labels)
        put("\(Self.text(distribution.sum))\n")
        sample(name, "_count", series.labels)
        put("\(total)\n")
    }

    /// A name, its labels, and a space.
    private mutating func sample(
        _ name: String, _ suffix: String, _ labels: [PrometheusFamily.Label], le: String? = nil
    ) {
        put(name)
        put(suffix)
        if !labels.isEmpty || le != nil {
            var separator = UInt8(ascii: "{")
            for label in labels {
                bytes.append(separator)
                put(label.name)
                put("=\"")
                escape(label.value, quotes: true)
                bytes.append(UInt8(ascii: "\""))
                separator = UInt8(ascii: ",")
            }
            if let le {
                bytes.append(separator)
                put("le=\"")
                put(le)
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): put("\\\\")
            case UInt8(ascii: "\n"): put("\\n")
            case UInt8(ascii: "\"") where quotes: put("\\\"")
            default: bytes.append(byte)
            }
        }
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let fraction = String(nanoseconds % 1_000_000_000 / 1_000_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// A number as Go reads it.
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        return number.description
    }

    /// The end of a bucket as OpenMetrics spells it: servers compare these as texts, so both formats write the same.
    static func bound(_ number: Double) -> String {
        guard number.isFinite, number != 0 else { return number == 0 ? "0.0" : text(number) }
        let exponent = decimalExponent(number)
        guard exponent < -4 || exponent >= 6 else { return number.description }
        // The shortest digits that name the number, which is what `description` writes, moved behind the first one.
        let mantissa = number.magnitude.description.split(separator: "e")[0]
        var digits = mantissa.filter { $0 != "." }
        while digits.first == "0" { digits.removeFirst() }
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        let more = digits.dropFirst()
        let power = String(exponent.magnitude)
        return (number < 0 ? "-" : "") + digits.prefix(1) + (more.isEmpty ? "" : "." + more)
            + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "") + power
    }

    private static func decimalExponent(_ number: Double) -> Int {
        let text = number.magnitude.description
        if let mark = text.firstIndex(of: "e") { return Int(text[text.index(after: mark)...]) ?? 0 }
        let point = text.firstIndex(of: ".") ?? text.endIndex
        let whole = text[..<point]
        if whole != "0" { return whole.count - 1 }
        let zeros = text[text.index(after: point)...].prefix { $0 == "0" }.count
        return -zeros - 1
    }
}
#endif
