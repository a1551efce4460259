extension AsyncSequence {
    /// The running results of `combine`, one for each element: of 1 2 3 with + from 0, 1 3 6.
    ///
    /// - Parameters:
    ///   - initial: What the first element is combined with; it is not yielded itself.
    ///   - combine: Makes a result of the one before and the element.
    @inlinable
    public func scan<Result>(
        _ initial: Result, _ combine: @escaping @Sendable (Result, Element) -> Result
    ) -> ScannedSequence<Self, Result> {
        ScannedSequence(base: self, initial: initial, combine: combine)
    }
}

/// The running results of a closure over a stream; made by `scan(_:_:)`.
public struct ScannedSequence<Base: AsyncSequence, Result>: AsyncSequence {
    /// What comes out.
    public typealias Element = Result
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let initial: Result
    @usableFromInline let combine: @Sendable (Result, Base.Element) -> Result

    @inlinable
    init(base: Base, initial: Result, combine: @escaping @Sendable (Result, Base.Element) -> Result) {
        self.base = base
        self.initial = initial
        self.combine = combine
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let initial: Result
        @usableFromInline let combine: @Sendable (Result, Base.Element) -> Result
        @usableFromInline var accumulated: Result?

        @inlinable
        init(base: Base.AsyncIterator, initial: Result, combine: @escaping @Sendable (Result, Base.Element) -> Result) {
            self.base = base
            self.initial = initial
            self.combine = combine
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            guard let element = try await base.next(isolation: actor) else { return nil }
            let result = combine(accumulated ?? initial, element)
            accumulated = result
            return result
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), initial: initial, combine: combine)
    }
}

extension ScannedSequence: Sendable where Base: Sendable, Result: Sendable {}

@available(*, unavailable)
extension ScannedSequence.AsyncIterator: Sendable {}
