/// One of two strategies, chosen when the pipeline is built. Made by `if` and `switch` in a pipeline.
public enum EitherStrategy<First: ResilienceStrategy, Second: ResilienceStrategy>: ResilienceStrategy {
    /// The first branch was taken.
    case first(First)
    /// The second branch was taken.
    case second(Second)

    /// Runs the chosen strategy.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        switch self {
        case .first(let strategy): try await strategy.execute(context, body)
        case .second(let strategy): try await strategy.execute(context, body)
        }
    }

    /// Whether the chosen strategy looks at results.
    @inlinable
    public var inspectsResults: Bool {
        switch self {
        case .first(let strategy): strategy.inspectsResults
        case .second(let strategy): strategy.inspectsResults
        }
    }

    /// Whether the chosen strategy does.
    @inlinable
    public var _keepsReading: Bool {
        switch self {
        case .first(let strategy): strategy._keepsReading
        case .second(let strategy): strategy._keepsReading
        }
    }

    /// The clock of the chosen strategy.
    @inlinable
    public var _clock: (any TimerClock)? {
        switch self {
        case .first(let strategy): strategy._clock
        case .second(let strategy): strategy._clock
        }
    }

    /// Prepares the chosen strategy.
    public mutating func prepare(_ site: inout StrategySite) {
        switch self {
        case .first(var strategy):
            strategy.prepare(&site)
            self = .first(strategy)
        case .second(var strategy):
            strategy.prepare(&site)
            self = .second(strategy)
        }
    }
}
