/// The strategy that does nothing: an empty pipeline, or the missing branch of an `if` in one.
public struct NoStrategy: ResilienceStrategy {
    /// Creates the strategy.
    @inlinable
    public init() {}

    /// Runs `body` once.
    @inlinable
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        try await body(context)
    }

    /// Has nothing to say.
    public mutating func prepare(_ site: inout StrategySite) {}
}
