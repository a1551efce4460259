#if Exporters
/// The text formats that servers of Prometheus read.
public enum PrometheusFormat: Sendable, Hashable {
    /// Prometheus' text format 0.0.4, which everything reads.
    case text
    /// OpenMetrics 1.0, with units and exemplars.
    case openMetrics

    /// What the answer calls itself.
    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
        }
    }

    /// The format for a request: OpenMetrics where it is preferred to text, else text, also if nothing fits: a page that
    /// its reader may understand is better than none.
    ///
    /// - Parameter accept: The header `Accept`; several are joined by commas.
    public static func negotiated(_ accept: String?) -> PrometheusFormat {
        var open = 0.0
        var text = 0.0
        for range in AcceptedRange.parse(accept ?? "") {
            switch range.name {
            case "application/openmetrics-text":
                // 0.0.1 is a draft; without a version the reader takes what there is.
                guard ["1.0.0", nil].contains(range.parameters["version"]) else { continue }
                open = max(open, range.weight)
            case "text/plain":
                guard ["0.0.4", nil].contains(range.parameters["version"]) else { continue }
                text = max(text, range.weight)
            default: break
            }
        }
        return open > text ? .openMetrics : .text
    }

    /// Whether a request takes gzip.
    public static func allowsGzip(_ acceptEncoding: String?) -> Bool {
        let ranges = AcceptedRange.parse(acceptEncoding ?? "")
        let named = ranges.first { $0.name == "gzip" || $0.name == "x-gzip" }
        return (named ?? ranges.first { $0.name == "*" })?.weight ?? 0 > 0
    }
}

/// One of the alternatives of an `Accept…` header.
struct AcceptedRange {
    var name: String
    var parameters: [String: String]
    /// From 0, not at all, to 1.
    var weight: Double

    static func parse(_ header: String) -> [AcceptedRange] {
        header.split(separator: ",").compactMap { part in
            let fields = part.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let name = fields.first, !name.isEmpty else { return nil }
            var range = AcceptedRange(name: name, parameters: [:], weight: 1)
            for field in fields.dropFirst() {
                let pair = field.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { continue }
                let value = pair[1].trimmed
                if pair[0].trimmed == "q" {
                    // A weight that is no number is none: RFC 9110 knows no other than 0 to 1.
                    range.weight = Double(value).map { min(max($0, 0), 1) } ?? 0
                } else {
                    range.parameters[pair[0].trimmed] = value
                }
            }
            return range
        }
    }
}

extension StringProtocol {
    /// Without spaces and tabs at the ends.
    var trimmed: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
#endif
