#if Observability
extension TraceContext {
    /// The trace in which a program was started: the variables `TRACEPARENT` and `TRACESTATE`.
    public init?(environment: [String: String]) {
        guard let parent = environment["TRACEPARENT"] else { return nil }
        self.init(traceparent: parent, tracestate: environment["TRACESTATE"])
    }

    /// The variables that tell a program which trace it is started in.
    public var environment: [String: String] {
        let state = state.header
        return state.isEmpty ? ["TRACEPARENT": traceparent] : ["TRACEPARENT": traceparent, "TRACESTATE": state]
    }
}

extension MetricRegistry {
    /// Keeps the current trace with values of histograms, one a bucket, where the trace is recorded: OpenMetrics and OTLP
    /// show them as exemplars.
    public func keepExemplarsOfTraces() {
        keepExemplars {
            guard let trace = TraceContext.current, trace.isSampled else { return nil }
            return (trace.traceID, trace.spanID)
        }
    }
}
#endif
