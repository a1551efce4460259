/// Two strategies, one around the other. Made by ``ResiliencePipelineBuilder``; a chain of concrete types
/// specialises and inlines into one function.
public struct StrategyChain<Outer: ResilienceStrategy, Inner: ResilienceStrategy>: ResilienceStrategy {
    @usableFromInline var outer: Outer
    @usableFromInline var inner: Inner

    /// Creates a chain.
    ///
    /// - Parameters:
    ///   - outer: Runs first and sees what `inner` makes of the operation.
    ///   - inner: Stands nearer to the operation.
    @inlinable
    public init(outer: Outer, inner: Inner) {
        self.outer = outer
        self.inner = inner
    }

    /// Runs `outer` around `inner` around `body`.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        try await outer.execute(context) { context in
            try await inner.execute(context, body)
        }
    }

    /// Whether one of the two looks at results.
    @inlinable
    public var inspectsResults: Bool { outer.inspectsResults || inner.inspectsResults }

    /// Whether both do.
    @inlinable
    public var _keepsReading: Bool { outer._keepsReading && inner._keepsReading }

    /// The clock of `outer`, if it has one.
    @inlinable
    public var _clock: (any TimerClock)? { outer._clock ?? inner._clock }

    /// Prepares `inner`, then `outer`.
    public mutating func prepare(_ site: inout StrategySite) {
        inner.prepare(&site)
        outer.prepare(&site)
    }
}
