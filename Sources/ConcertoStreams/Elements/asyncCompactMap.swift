extension AsyncSequence {
    /// The results of `transform`, which may await, that are not `nil`.
    ///
    /// The closure runs where the loop does: in a loop on an actor, on that actor, without a hop.
    /// - Cancellation: is the source's and the closure's.
    /// - Allocates: nothing.
    @inlinable
    public func asyncCompactMap<Mapped>(
        _ transform: nonisolated(nonsending) @escaping @Sendable (Element) async -> Mapped?
    ) -> AsyncCompactMappedSequence<Self, Mapped> {
        AsyncCompactMappedSequence(base: self, transform: transform)
    }
}

/// The results of an asynchronous closure that are not `nil`; made by `asyncCompactMap(_:)`.
public struct AsyncCompactMappedSequence<Base: AsyncSequence, Mapped>: AsyncSequence {
    /// What comes out.
    public typealias Element = Mapped
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async -> Mapped?

    @inlinable
    init(base: Base, transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async -> Mapped?) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: nonisolated(nonsending) @Sendable (Base.Element) async -> Mapped?

        @inlinable
        init(
            base: Base.AsyncIterator,
            transform: nonisolated(nonsending) @escaping @Sendable (Base.Element) async -> Mapped?
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
                if let mapped = await transform(element) { return mapped }
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

extension AsyncCompactMappedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension AsyncCompactMappedSequence.AsyncIterator: Sendable {}
