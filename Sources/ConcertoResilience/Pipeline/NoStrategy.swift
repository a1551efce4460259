/// The strategy that does nothing: an empty pipeline, or the missing branch of an `if` in one.
public struct NoStrategy: ResilienceStrategy {
    /// Creates the strategy.
    @inlinable
    public init() {}

    /// Runs `body` once.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        try await body(context)
    }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// Has nothing to say.
    public mutating func prepare(_ site: inout StrategySite) {}
}
