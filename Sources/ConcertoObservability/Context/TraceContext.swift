#if Observability
public import Tracing

/// Where in which trace a task is: what travels in `traceparent` and `tracestate`.
public struct TraceContext: Sendable, Hashable {
    /// The trace.
    public var traceID: TraceID
    /// The span that is the parent of what begins here.
    public var spanID: SpanID
    /// Whether the trace is recorded.
    public var isSampled: Bool
    /// What other systems keep with the trace, as it came.
    public var state: TraceState

    /// Creates a context.
    public init(traceID: TraceID, spanID: SpanID, isSampled: Bool, state: TraceState = TraceState()) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads `traceparent` (W3C Trace Context, levels 1 and 2) and, if that is right, `tracestate`.
    ///
    /// - Returns: `nil` for what is no valid `traceparent`: a new trace begins there.
    public init?(traceparent: String, tracestate: String? = nil) {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = UInt64(lowerHex: bytes[0..<2]), version != 0xff,
            let high = UInt64(lowerHex: bytes[3..<19]), let low = UInt64(lowerHex: bytes[19..<35]),
            let traceID = TraceID(high: high, low: low),
            let span = UInt64(lowerHex: bytes[36..<52]), let spanID = SpanID(bits: span),
            let flags = UInt64(lowerHex: bytes[53..<55])
        else { return nil }
        // A later version may say more behind a dash; version 0 may not.
        guard bytes.count == 55 || (version > 0 && bytes[55] == dash) else { return nil }
        self.init(
            traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1,
            state: tracestate.flatMap { TraceState($0) } ?? TraceState())
    }

    /// The trace of the running task; `nil` outside of any.
    public static var current: TraceContext? { ServiceContext.current?.trace }

    /// The header. Of the flags only "sampled" is sent on.
    public var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = TraceContext
        static var nameOverride: String? { "concerto.trace" }
    }

    /// The trace that the context belongs to.
    public var trace: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
#endif
