extension AsyncSequence {
    /// The results of a synchronous `transform` that are not `nil`; costs as `map` does.
    @inlinable
    public func compactMap<Mapped>(
        _ transform: @escaping @Sendable (Element) -> Mapped?
    ) -> CompactMappedSequence<Self, Mapped> {
        CompactMappedSequence(base: self, transform: transform)
    }
}

/// The results of a closure that are not `nil`; made by `compactMap(_:)`.
public struct CompactMappedSequence<Base: AsyncSequence, Mapped>: AsyncSequence {
    /// What comes out.
    public typealias Element = Mapped
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let transform: @Sendable (Base.Element) -> Mapped?

    @inlinable
    init(base: Base, transform: @escaping @Sendable (Base.Element) -> Mapped?) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: @Sendable (Base.Element) -> Mapped?

        @inlinable
        init(base: Base.AsyncIterator, transform: @escaping @Sendable (Base.Element) -> Mapped?) {
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
                if let mapped = transform(element) { return mapped }
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

extension CompactMappedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension CompactMappedSequence.AsyncIterator: Sendable {}
