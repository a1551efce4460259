extension AsyncSequence {
    /// The elements, or `element` alone if there are none.
    @inlinable
    public func defaultIfEmpty(_ element: Element) -> DefaultIfEmptySequence<Self> {
        DefaultIfEmptySequence(base: self, fallback: element)
    }
}

/// A stream that is never empty; made by `defaultIfEmpty(_:)`.
public struct DefaultIfEmptySequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let fallback: Base.Element

    @inlinable
    init(base: Base, fallback: Base.Element) {
        self.base = base
        self.fallback = fallback
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let fallback: Base.Element
        @usableFromInline var isEmpty: Bool = true
        @usableFromInline var isThrough: Bool = false

        @inlinable
        init(base: Base.AsyncIterator, fallback: Base.Element) {
            self.base = base
            self.fallback = fallback
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            if isThrough { return nil }
            guard let element = try await base.next(isolation: actor) else {
                isThrough = true
                return isEmpty ? fallback : nil
            }
            isEmpty = false
            return element
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), fallback: fallback)
    }
}

extension DefaultIfEmptySequence: Sendable where Base: Sendable, Base.Element: Sendable {}

@available(*, unavailable)
extension DefaultIfEmptySequence.AsyncIterator: Sendable {}
