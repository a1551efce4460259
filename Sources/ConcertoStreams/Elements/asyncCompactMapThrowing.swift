extension AsyncSequence {
    /// The results of `transform`, which may await, that are not `nil`.
    ///
    /// The closure runs where the loop does: in a loop on an actor, on that actor, without a hop.
    /// - Cancellation: is the source's and the closure's.
    /// - Allocates: nothing.
    @inlinable
    public func asyncCompactMap<Mapped>(
        _ transform: nonisolated(nonsending) @escaping @Sendable (Element) async throws -> Mapped?
    ) -> ThrowingAsyncCompactMappedSequence<Self, Mapped> {
        ThrowingAsyncCompactMappedSequence(base: self, transform: transform)
    }
}

/// The results of an asynchronous closure that are not `nil`; made by `asyncCompactMap(_:)`.
public struct ThrowingAsyncCompactMappedSequence<Base: AsyncSequence, Mapped>: AsyncSequence {
    /// What comes out.
    public typealias Element = Mapped
    /// Any error, as the closures may throw any.
    public typealias Failure = any Error

    @usableFromInline let base: Base
    @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async throws -> Mapped?

    @inlinable
    init(base: Base, transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async throws -> Mapped?) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async throws -> Mapped?

        @inlinable
        init(
            base: Base.AsyncIterator,
            transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async throws -> Mapped?
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
                if let mapped = try await transform(element) { return mapped }
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

extension ThrowingAsyncCompactMappedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension ThrowingAsyncCompactMappedSequence.AsyncIterator: Sendable {}
