#if Exporters
/// How requests of OTLP are written.
public enum OTLPEncoding: String, Sendable, Hashable {
    /// Protocol buffers; the shorter and faster one.
    case protobuf = "http/protobuf"
    /// JSON, which people can read.
    case json = "http/json"

    /// What the request calls itself.
    public var contentType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }

    /// A request with spans.
    public func request(_ spans: [SpanData], resource: Attributes, scope: String = "concerto") -> [UInt8] {
        switch self {
        case .protobuf: protobuf { $0.spans(spans, resource: resource, scope: scope) }
        case .json: OTLPJSONWriter.document { $0.spans(spans, resource: resource, scope: scope) }
        }
    }

    /// A request with lines of a log.
    public func request(_ records: [LogRecord], resource: Attributes) -> [UInt8] {
        switch self {
        case .protobuf: protobuf { $0.logs(records, resource: resource) }
        case .json: OTLPJSONWriter.document { $0.logs(records, resource: resource) }
        }
    }

    func request(_ metrics: [MetricSnapshot], resource: Attributes, times: OTLPTimes) -> [UInt8] {
        switch self {
        case .protobuf: protobuf { $0.metrics(metrics, resource: resource, times: times) }
        case .json: OTLPJSONWriter.document { $0.metrics(metrics, resource: resource, times: times) }
        }
    }

    private func protobuf(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }
}
#endif
