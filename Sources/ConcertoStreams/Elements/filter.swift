extension AsyncSequence {
    /// The elements for which a synchronous `isIncluded` holds; costs as `map` does.
    @inlinable
    public func filter(_ isIncluded: @escaping @Sendable (Element) -> Bool) -> FilteredSequence<Self> {
        FilteredSequence(base: self, isIncluded: isIncluded)
    }
}

/// The elements of a stream that a closure lets through; made by `filter(_:)`.
public struct FilteredSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let isIncluded: @Sendable (Base.Element) -> Bool

    @inlinable
    init(base: Base, isIncluded: @escaping @Sendable (Base.Element) -> Bool) {
        self.base = base
        self.isIncluded = isIncluded
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let isIncluded: @Sendable (Base.Element) -> Bool

        @inlinable
        init(base: Base.AsyncIterator, isIncluded: @escaping @Sendable (Base.Element) -> Bool) {
            self.base = base
            self.isIncluded = isIncluded
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            while let element = try await base.next(isolation: actor) {
                if isIncluded(element) { return element }
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), isIncluded: isIncluded)
    }
}

extension FilteredSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension FilteredSequence.AsyncIterator: Sendable {}
