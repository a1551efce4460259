extension AsyncSequence {
    /// Every element with the one after it: of 1 2 3, (1, 2) and (2, 3).
    @inlinable
    public func pairwise() -> PairwiseSequence<Self> { PairwiseSequence(base: self) }
}

/// Neighbours of a stream as pairs; made by `pairwise()`.
public struct PairwiseSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = (Base.Element, Base.Element)
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
        @usableFromInline var previous: Base.Element?

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
            while let element = try await base.next(isolation: actor) {
                if let previous {
                    self.previous = element
                    return (previous, element)
                }
                previous = element
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}

extension PairwiseSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension PairwiseSequence.AsyncIterator: Sendable {}
