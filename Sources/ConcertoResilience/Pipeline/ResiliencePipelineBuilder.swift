/// Builds a chain of strategies, outermost first.
@resultBuilder
public enum ResiliencePipelineBuilder {
    /// A pipeline without strategies.
    @inlinable
    public static func buildBlock() -> NoStrategy { NoStrategy() }

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
