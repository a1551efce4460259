#if Observability
public import Logging
import Tracing

extension Logger.MetadataProvider {
    /// Adds `trace_id`, `span_id` and `trace_flags` to each line that is written within a trace: the names that
    /// OpenTelemetry wants in logs.
    public static var concertoTrace: Logger.MetadataProvider {
        Logger.MetadataProvider {
            guard let trace = ServiceContext.current?.trace else { return [:] }
            return [
                "trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)",
                "trace_flags": "\(trace.isSampled ? "01" : "00")",
            ]
        }
    }
}

/// swift-log, handed to a ``LogSink`` such as an exporter.
///
///     LoggingSystem.bootstrap { label in
///         MultiplexLogHandler([StreamLogHandler.standardError(label: label), ConcertoLogHandler(label, to: exporter)])
///     }
public struct ConcertoLogHandler: LogHandler {
    /// What every line of the logger says.
    public var metadata: Logger.Metadata = [:]
    /// The least severe line that is handed on.
    public var logLevel: Logger.Level = .info
    /// Adds to each line what its task knows.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let sink: any LogSink

    /// Creates a handler.
    public init(_ label: String, to sink: any LogSink) {
        self.label = label
        self.sink = sink
    }

    /// A value of the metadata.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Hands on a line, with the trace of the task that writes it.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        var attributes = Attributes()
        for (key, value) in all { attributes[key] = AttributeValue(value) }
        sink.take(
            LogRecord(
                time: wallClockNanoseconds(), severity: event.level.openTelemetryNumber,
                severityText: event.level.rawValue.uppercased(), body: event.message.description, logger: label,
                attributes: attributes, trace: ServiceContext.current?.trace))
    }
}

extension Logger.Level {
    /// OpenTelemetry's number.
    var openTelemetryNumber: UInt32 {
        switch self {
        case .trace: 1
        case .debug: 5
        case .info: 9
        case .notice: 10
        case .warning: 13
        case .error: 17
        case .critical: 21
        }
    }
}

extension AttributeValue {
    /// The same value of a log's metadata.
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .stringConvertible(let value): self = .string(value.description)
        case .array(let values): self = .array(values.map { AttributeValue($0) })
        case .dictionary(let values): self = .map(values.mapValues { AttributeValue($0) })
        }
    }
}
#endif
