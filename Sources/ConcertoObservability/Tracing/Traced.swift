#if Observability
public import ConcertoResilience
public import Tracing

/// A span around what stands further in. Outside a retry it is one span a call, inside it one an attempt:
///
///     ResiliencePipeline {
///         Traced("checkout")
///         Retry()
///         Traced("attempt", ofKind: .client)      // a child of "checkout" for each attempt, numbered
///         Timeout(.seconds(2))
///     }
///
/// The body sees the span's context as `ServiceContext.current`: headers that are injected there name the attempt.
///
/// - Cancellation: is passed on. A span whose caller gave up has no status: that is no error.
/// - Where it runs: on the caller's executor.
public struct Traced: ResilienceStrategy {
    private let name: String?
    private let kind: SpanKind
    private let tracer: (any Tracer)?

    /// Creates the strategy.
    ///
    /// - Parameters:
    ///   - name: The span's name; the operation's, if not given.
    ///   - tracer: Where spans begin; the process's, if not given.
    public init(_ name: String? = nil, ofKind kind: SpanKind = .internal, tracer: (any Tracer)? = nil) {
        self.name = name
        self.kind = kind
        self.tracer = tracer
    }

    /// Runs `body` in a span.
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let tracer: any Tracer = tracer ?? InstrumentationSystem.tracer
        let span: any Tracing.Span = tracer.startSpan(name ?? context.operation ?? "execute", ofKind: kind)
        if span.isRecording, context.attempt > 1 {
            span.attributes["concerto.resilience.attempt"] = context.attempt
        }
        do {
            try await ServiceContext.$current.binding(span.context) { () async throws in try await body(context) }
        } catch {
            if !(error is CancellationError) {
                span.attributes["error.type"] = String(reflecting: type(of: error))
                span.recordError(error)
                span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            }
            span.end()
            throw error
        }
        span.end()
    }
}
#endif
