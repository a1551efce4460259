/// Strategies around an operation, outermost first, in a box without type parameters.
///
/// ```swift
/// let upstream = ResiliencePipeline("users") {
///     Timeout(.seconds(30))
///     Retry(maxRetries: 4, backoff: .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .decorrelated))
///     CircuitBreaker(failureRatio: 0.5, minimumThroughput: 20, window: .seconds(10), breakFor: .seconds(5))
///     Timeout(.seconds(2))
/// }
/// let user = try await upstream.execute { try await client.get("/users/42") }
/// ```
///
/// Copies share the state of their strategies: store one pipeline per dependency and use it from everywhere.
public struct ResiliencePipeline: ResilienceStrategy {
    /// The pipeline's name, for telemetry and messages.
    public let name: String?

    /// Whether some strategy looks at results.
    public let inspectsResults: Bool

    @usableFromInline let enforcesDeadline: Bool
    @usableFromInline let enforcer: StrategyClock?
    @usableFromInline let keepsReading: Bool
    @usableFromInline let clock: (any TimerClock)?
    @usableFromInline let telemetry: ResilienceTelemetry
    @usableFromInline let run:
        nonisolated(nonsending) @Sendable (ResilienceContext, ResilienceBody) async throws -> Void

    /// Builds a pipeline.
    ///
    /// - Parameters:
    ///   - name: For telemetry and messages.
    ///   - telemetry: Where the pipeline itself reports; its strategies have their own.
    ///   - strategies: Outermost first. `if`, `switch`, `for` and `try` may stand between them.
    /// - Throws: What `strategies` throws.
    @inlinable
    public init<Strategy: ResilienceStrategy>(
        _ name: String? = nil, telemetry: ResilienceTelemetry = .shared,
        @ResiliencePipelineBuilder _ strategies: () throws -> Strategy
    ) rethrows {
        var site = StrategySite(pipeline: name)
        var prepared = try strategies()
        prepared.prepare(&site)
        let chain = prepared
        self.name = name
        self.telemetry = telemetry
        inspectsResults = chain.inspectsResults
        enforcesDeadline = site.enforcesDeadline
        enforcer = site.enforcer
        keepsReading = chain._keepsReading
        clock = chain._clock
        // Specialised for the concrete chain: this closure is the one box around all strategies.
        run = { context, body in try await chain.execute(context, body) }
    }

    /// The same chain without the box: its type names every strategy, and the compiler specialises and inlines it where
    /// it is used. For the hottest paths; store the pipeline everywhere else.
    @inlinable
    public static func unboxed<Strategy: ResilienceStrategy>(
        @ResiliencePipelineBuilder _ strategies: () throws -> Strategy
    ) rethrows -> Strategy {
        var site = StrategySite()
        var strategy = try strategies()
        strategy.prepare(&site)
        return strategy
    }

    /// Runs the pipeline as one strategy of another.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        guard telemetry.isActive else { return try await run(context, body) }
        try await executeReporting(context, body)
    }

    /// Whether all of its strategies do.
    @inlinable
    public var _keepsReading: Bool { keepsReading }

    /// That of its outermost strategy that has one.
    @inlinable
    public var _clock: (any TimerClock)? { clock }

    /// Passes on what its strategies said.
    public mutating func prepare(_ site: inout StrategySite) {
        site.enforcesDeadline = enforcesDeadline
        site.enforcer = enforcer
    }

    @usableFromInline
    nonisolated(nonsending)
        func executeReporting(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let start = context.clock.now
        var failure: (any Error)?
        do { try await run(context, body) } catch { failure = error }
        telemetry.emit(
            ResilienceEvent(
                .pipelineExecuted, failure == nil ? .information : .warning, strategy: name, context: context,
                duration: start.duration(to: context.clock.now), error: failure))
        if let failure { throw failure }
    }
}
