extension AsyncSequence {
    /// The results of `transform`, which may await, one after the other in order.
    ///
    /// The closure runs where the loop does: in a loop on an actor, on that actor, without a hop.
    /// - Cancellation: is the source's and the closure's.
    /// - Allocates: nothing.
    @inlinable
    public func asyncMap<Mapped>(
        _ transform: nonisolated(nonsending) @escaping @Sendable (Element) async throws -> Mapped
    ) -> ThrowingAsyncMappedSequence<Self, Mapped> {
        ThrowingAsyncMappedSequence(base: self, transform: transform)
    }
}

/// The results of an asynchronous closure; made by `asyncMap(_:)`.
public struct ThrowingAsyncMappedSequence<Base: AsyncSequence, Mapped>: AsyncSequence {
    /// What comes out.
    public typealias Element = Mapped
    /// Any error, as the closures may throw any.
    public typealias Failure = any Error

    @usableFromInline let base: Base
    @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async throws -> Mapped

    @inlinable
    init(base: Base, transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async throws -> Mapped) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async throws -> Mapped

        @inlinable
        init(
            base: Base.AsyncIterator,
            transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async throws -> Mapped
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
            guard let element = try await base.next(isolation: actor) else { return nil }
            return try await transform(element)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), transform: transform)
    }
}

extension ThrowingAsyncMappedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension ThrowingAsyncMappedSequence.AsyncIterator: Sendable {}
