/// Builds a chain of strategies, outermost first.
@resultBuilder
public enum ResiliencePipelineBuilder {
    /// A pipeline without strategies.
    @inlinable
    public static func buildBlock() -> NoStrategy { NoStrategy() }

    /// A strategy.
    @inlinable
    public static func buildExpression<S: ResilienceStrategy>(_ strategy: S) -> S { strategy }

    /// Strategies whose types are not known here, outermost first; a single one is wrapped with ``AnyStrategy``.
    public static func buildExpression(_ strategies: [any ResilienceStrategy]) -> StrategyList<AnyStrategy> {
        StrategyList(strategies.map { AnyStrategy($0) })
    }

    /// A `for`: the first round's strategies stand around the second's.
    @inlinable
    public static func buildArray<S: ResilienceStrategy>(_ strategies: [S]) -> StrategyList<S> {
        StrategyList(strategies)
    }

    /// The outermost strategy.
    @inlinable
    public static func buildPartialBlock<S: ResilienceStrategy>(first: S) -> S { first }

    /// The next strategy further in.
    @inlinable
    public static func buildPartialBlock<Outer: ResilienceStrategy, Inner: ResilienceStrategy>(
        accumulated: Outer, next: Inner
    ) -> StrategyChain<Outer, Inner> {
        StrategyChain(outer: accumulated, inner: next)
    }

    /// An `if` without `else`.
    @inlinable
    public static func buildOptional<S: ResilienceStrategy>(_ strategy: S?) -> EitherStrategy<S, NoStrategy> {
        strategy.map { .first($0) } ?? .second(NoStrategy())
    }

    /// The first branch of an `if`.
    @inlinable
    public static func buildEither<First: ResilienceStrategy, Second: ResilienceStrategy>(
        first: First
    ) -> EitherStrategy<First, Second> {
        .first(first)
    }

    /// The second branch of an `if`.
    @inlinable
    public static func buildEither<First: ResilienceStrategy, Second: ResilienceStrategy>(
        second: Second
    ) -> EitherStrategy<First, Second> {
        .second(second)
    }
}
