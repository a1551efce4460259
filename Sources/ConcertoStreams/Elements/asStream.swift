extension Sequence {
    /// The elements as a stream, which is always ready.
    ///
    /// - Allocates: nothing.
    @inlinable
    public func asStream() -> SequenceStream<Self> { SequenceStream(base: self) }
}

/// A sequence as a stream; made by `asStream()`.
public struct SequenceStream<Base: Sequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// It does not fail.
    public typealias Failure = Never

    @usableFromInline let base: Base

    @inlinable
    init(base: Base) { self.base = base }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.Iterator

        @inlinable
        init(base: Base.Iterator) { self.base = base }

        /// The next element.
        @inlinable
        public mutating func next() async -> Element? { base.next() }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> Element? {
            base.next()
        }
    }

    /// Starts from the first element.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeIterator()) }
}

extension SequenceStream: Sendable where Base: Sendable {}

@available(*, unavailable)
extension SequenceStream.AsyncIterator: Sendable {}
