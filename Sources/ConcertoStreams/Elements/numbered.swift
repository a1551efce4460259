extension AsyncSequence {
    /// The elements with their places, from 0.
    @inlinable
    public func enumerated() -> NumberedSequence<Self> { NumberedSequence(base: self) }
}

/// The elements of a stream with their places; made by `enumerated()`.
public struct NumberedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = (offset: Int, element: Base.Element)
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base

    @inlinable
    init(base: Base) {
        self.base = base

    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline var offset: Int = 0

        @inlinable
        init(base: Base.AsyncIterator) {
            self.base = base

        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            guard let element = try await base.next(isolation: actor) else { return nil }
            defer { offset += 1 }
            return (offset, element)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}

extension NumberedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension NumberedSequence.AsyncIterator: Sendable {}
