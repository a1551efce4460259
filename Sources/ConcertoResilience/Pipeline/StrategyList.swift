/// Strategies of one type, or `any` strategies, the first around the others. Made by `for`, or by an array, in a pipeline.
///
/// - Allocates: strategies of different types are called through a box each: a few nanoseconds more than in a chain.
public struct StrategyList<Element: ResilienceStrategy>: ResilienceStrategy {
    @usableFromInline var strategies: [Element]

    /// Creates a list.
    ///
    /// - Parameter strategies: Outermost first.
    @inlinable
    public init(_ strategies: [Element]) {
        self.strategies = strategies
    }

    /// Runs each strategy around those after it, the last around `body`.
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        try await execute(from: 0, context, body)
    }

    nonisolated(nonsending)
        private func execute(from index: Int, _ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        guard index < strategies.endIndex else { return try await body(context) }
        try await strategies[index].execute(context) { context in
            try await execute(from: index + 1, context, body)
        }
    }

    /// Whether one of them looks at results.
    public var inspectsResults: Bool { strategies.contains { $0.inspectsResults } }

    /// Whether all of them do.
    public var _keepsReading: Bool { strategies.allSatisfy { $0._keepsReading } }

    /// That of the outermost that has one.
    public var _clock: (any TimerClock)? { strategies.lazy.compactMap { $0._clock }.first }

    /// Prepares them, the innermost first.
    public mutating func prepare(_ site: inout StrategySite) {
        for index in strategies.indices.reversed() { strategies[index].prepare(&site) }
    }
}

/// A strategy whose type is not known where the pipeline is built.
public struct AnyStrategy: ResilienceStrategy {
    private var strategy: any ResilienceStrategy

    /// Wraps `strategy`.
    public init(_ strategy: any ResilienceStrategy) {
        self.strategy = strategy
    }

    /// Runs the strategy.
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        try await strategy.execute(context, body)
    }

    /// Whether the strategy looks at results.
    public var inspectsResults: Bool { strategy.inspectsResults }

    /// Whether the strategy does.
    public var _keepsReading: Bool { strategy._keepsReading }

    /// The strategy's.
    public var _clock: (any TimerClock)? { strategy._clock }

    /// Prepares the strategy.
    public mutating func prepare(_ site: inout StrategySite) { strategy.prepare(&site) }
}
