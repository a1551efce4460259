extension AsyncSequence {
    /// The elements for which `transform`, which may await, holds.
    ///
    /// The closure runs where the loop does: in a loop on an actor, on that actor, without a hop.
    /// - Cancellation: is the source's and the closure's.
    /// - Allocates: nothing.
    @inlinable
    public func asyncFilter(
        _ transform: nonisolated(nonsending) @escaping @Sendable (Element) async -> Bool
    ) -> AsyncFilteredSequence<Self> {
        AsyncFilteredSequence(base: self, transform: transform)
    }
}

/// The elements that an asynchronous closure lets through; made by `asyncFilter(_:)`.
public struct AsyncFilteredSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async -> Bool

    @inlinable
    init(base: Base, transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async -> Bool) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async -> Bool

        @inlinable
        init(
            base: Base.AsyncIterator,
            transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async -> Bool
        ) {
            self.base = base
            self.transform = transform
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            while let element = try await base.next(isolation: actor) {
                if await transform(element) { return element }
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), transform: transform)
    }
}

extension AsyncFilteredSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension AsyncFilteredSequence.AsyncIterator: Sendable {}
