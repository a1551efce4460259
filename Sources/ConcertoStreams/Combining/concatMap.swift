extension AsyncSequence {
    /// The elements of the streams that `transform` makes, one stream after the other.
    ///
    /// - Cancellation: is the sources'.
    /// - Where it runs: on the caller's executor. Nothing is started.
    @inlinable
    public func concatMap<Inner: AsyncSequence>(
        _ transform: @escaping @Sendable (Element) -> Inner
    ) -> ConcatMappedSequence<Self, Inner> where Inner.Failure == Failure {
        ConcatMappedSequence(base: self, transform: transform)
    }
}

/// Streams one after the other; made by `concatMap(_:)`.
public struct ConcatMappedSequence<Base: AsyncSequence, Inner: AsyncSequence>: AsyncSequence
where Inner.Failure == Base.Failure {
    /// What comes out.
    public typealias Element = Inner.Element
    /// What the sources throw.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let transform: @Sendable (Base.Element) -> Inner

    @inlinable
    init(base: Base, transform: @escaping @Sendable (Base.Element) -> Inner) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline var inner: Inner.AsyncIterator?
        @usableFromInline let transform: @Sendable (Base.Element) -> Inner

        @inlinable
        init(base: Base.AsyncIterator, transform: @escaping @Sendable (Base.Element) -> Inner) {
            self.base = base
            self.transform = transform
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            while true {
                if var current = inner {
                    inner = nil
                    if let element = try await current.next(isolation: actor) {
                        inner = current
                        return element
                    }
                }
                guard let element = try await base.next(isolation: actor) else { return nil }
                inner = transform(element).makeAsyncIterator()
            }
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), transform: transform)
    }
}

extension ConcatMappedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension ConcatMappedSequence.AsyncIterator: Sendable {}
