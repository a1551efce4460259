public import Concerto

extension AsyncSequence {
    /// The elements after the first `count`.
    ///
    /// The standard library's `dropFirst(_:)` at the cost of a loop.
    /// - Throws: `ArgumentError` if `count` is negative.
    @inlinable
    public func skipping(_ count: Int) throws(ArgumentError) -> SkippingSequence<Self> {
        guard count >= 0 else { throw ArgumentError("count", count, "it must not be negative") }
        return SkippingSequence(base: self, count: count)
    }
}

/// A stream without its first elements; made by `skipping(_:)`.
public struct SkippingSequence<Base: AsyncSequence>: AsyncSequence {
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
        @usableFromInline var skipped: Int = 0

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
            while skipped < count {
                guard try await base.next(isolation: actor) != nil else {
                    skipped = count
                    return nil
                }
                skipped += 1
            }
            return try await base.next(isolation: actor)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), count: count)
    }
}

extension SkippingSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension SkippingSequence.AsyncIterator: Sendable {}
