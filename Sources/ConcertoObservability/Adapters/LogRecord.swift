#if Observability
/// A line of a log: what exporters read.
public struct LogRecord: Sendable {
    /// When, in nanoseconds since 1970.
    public var time: UInt64
    /// How bad, by OpenTelemetry's numbers: 1 trace, 5 debug, 9 info, 10 notice, 13 warning, 17 error, 21 critical.
    public var severity: UInt32
    /// The same as a word.
    public var severityText: String
    /// The message.
    public var body: String
    /// The logger's label.
    public var logger: String
    /// The metadata.
    public var attributes: Attributes
    /// The trace in which it was written.
    public var trace: TraceContext?

    /// Creates a record.
    public init(
        time: UInt64, severity: UInt32, severityText: String, body: String, logger: String,
        attributes: Attributes = [:], trace: TraceContext? = nil
    ) {
        self.time = time
        self.severity = severity
        self.severityText = severityText
        self.body = body
        self.logger = logger
        self.attributes = attributes
        self.trace = trace
    }
}

/// Takes lines of a log, on the thread that wrote them: it must be quick and never wait.
public protocol LogSink: Sendable {
    /// Takes a line.
    func take(_ record: LogRecord)
}
#endif
