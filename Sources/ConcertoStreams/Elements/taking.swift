public import Concerto

extension AsyncSequence {
    /// The first `count` elements; the source is never asked for one more.
    ///
    /// The standard library's `prefix(_:)` at the cost of a loop.
    /// - Throws: `ArgumentError` if `count` is negative.
    @inlinable
    public func taking(_ count: Int) throws(ArgumentError) -> TakingSequence<Self> {
        guard count >= 0 else { throw ArgumentError("count", count, "it must not be negative") }
        return TakingSequence(base: self, count: count)
    }
}

/// The first elements of a stream; made by `taking(_:)`.
public struct TakingSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let count: Int

    @inlinable
    init(base: Base, count: Int) {
        self.base = base
        self.count = count
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let count: Int
        @usableFromInline var taken: Int = 0

        @inlinable
        init(base: Base.AsyncIterator, count: Int) {
            self.base = base
            self.count = count
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            guard taken < count else { return nil }
            taken += 1
            guard let element = try await base.next(isolation: actor) else {
                taken = count
                return nil
            }
            return element
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), count: count)
    }
}

extension TakingSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension TakingSequence.AsyncIterator: Sendable {}
