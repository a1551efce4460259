extension AsyncSequence {
    /// The elements for which `transform`, which may await, holds.
    ///
    /// The closure runs where the loop does: in a loop on an actor, on that actor, without a hop.
    /// - Cancellation: is the source's and the closure's.
    /// - Allocates: nothing.
    @inlinable
    public func asyncFilter(
        _ transform: nonisolated(nonsending) @escaping @Sendable (Element) async throws -> Bool
    ) -> ThrowingAsyncFilteredSequence<Self> {
        ThrowingAsyncFilteredSequence(base: self, transform: transform)
    }
}

/// The elements that an asynchronous closure lets through; made by `asyncFilter(_:)`.
public struct ThrowingAsyncFilteredSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// Any error, as the closures may throw any.
    public typealias Failure = any Error

    @usableFromInline let base: Base
    @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async throws -> Bool

    @inlinable
    init(base: Base, transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async throws -> Bool) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async throws -> Bool

        @inlinable
        init(
            base: Base.AsyncIterator,
            transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async throws -> Bool
        ) {
            self.base = base
            self.transform = transform
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(any Error) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            while let element = try await base.next(isolation: actor) {
                if try await transform(element) { return element }
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

extension ThrowingAsyncFilteredSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension ThrowingAsyncFilteredSequence.AsyncIterator: Sendable {}
