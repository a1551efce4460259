#if Observability
public import Tracing

/// swift-distributed-tracing, with W3C's headers between processes and ended spans handed to a ``SpanSink``.
///
///     InstrumentationSystem.bootstrap(ConcertoTracer(to: exporter))
///     try await withSpan("checkout") { span in … }
///
/// The context travels in a task-local value, so it follows child tasks, `Task {}` and every combinator of Concerto.
public final class ConcertoTracer: Tracer {
    /// What it starts.
    public typealias Span = ConcertoSpan

    private let sink: any SpanSink
    private let sampler: Sampler

    /// Creates a tracer.
    ///
    /// - Parameters:
    ///   - sink: Takes the spans that are recorded, as they end.
    ///   - sampler: Which traces are recorded. Default: as the parent was, and all that have none.
    public init(to sink: any SpanSink, sampler: Sampler = .parentBased()) {
        self.sink = sink
        self.sampler = sampler
    }

    /// Begins a span; a child of the context's span, if there is one.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> ConcertoSpan {
        var context = context()
        let parent = context.trace
        let traceID = parent?.traceID ?? .random()
        let trace = TraceContext(
            traceID: traceID, spanID: .random(), isSampled: sampler.records(traceID, parent: parent),
            state: parent?.state ?? TraceState())
        let isRemote = context.traceIsRemote
        context.trace = trace
        context.traceIsRemote = false
        guard trace.isSampled else {
            return ConcertoSpan(context: context, name: operationName, recording: nil, sink: sink)
        }
        let data = SpanData(
            context: trace, parent: parent?.spanID, hasRemoteParent: isRemote, name: operationName,
            kind: SpanData.Kind(kind), start: instant().nanosecondsSinceEpoch, end: 0)
        return ConcertoSpan(context: context, name: operationName, recording: data, sink: sink)
    }

    /// Does nothing: what sends spans, flushes them.
    public func forceFlush() {}

    /// Reads `traceparent` and `tracestate`. What is not valid leaves the context as it is: a new trace begins.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier),
            let trace = TraceContext(
                traceparent: parent, tracestate: extractor.extract(key: "tracestate", from: carrier))
        else { return }
        context.trace = trace
        context.traceIsRemote = true
    }

    /// Writes `traceparent` and `tracestate`.
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        let state = trace.state.header
        if !state.isEmpty { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }
}

extension ServiceContext {
    private enum RemoteKey: ServiceContextKey {
        typealias Value = Bool
        static var nameOverride: String? { "concerto.trace.remote" }
    }

    /// Whether ``trace`` came from another process.
    var traceIsRemote: Bool {
        get { self[RemoteKey.self] ?? false }
        set { self[RemoteKey.self] = newValue ? true : nil }
    }
}

extension SpanData.Kind {
    init(_ kind: SpanKind) {
        self =
            switch kind {
            case .internal: .internal
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            }
    }
}
#endif
