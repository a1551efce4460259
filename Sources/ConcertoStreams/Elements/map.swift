extension AsyncSequence {
    /// The results of a synchronous `transform`, in order.
    ///
    /// As fast as a loop: no task, no suspension of its own, no hop in a loop on an actor. A closure that awaits or throws
    /// goes to the standard library's `map`, or to `asyncMap(_:)`.
    /// - Cancellation: is the source's.
    /// - Where it runs: on the caller's executor.
    /// - Allocates: nothing.
    @inlinable
    public func map<Mapped>(_ transform: @escaping @Sendable (Element) -> Mapped) -> MappedSequence<Self, Mapped> {
        MappedSequence(base: self, transform: transform)
    }
}

/// The results of a closure over a stream; made by `map(_:)`.
public struct MappedSequence<Base: AsyncSequence, Mapped>: AsyncSequence {
    /// What comes out.
    public typealias Element = Mapped
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let transform: @Sendable (Base.Element) -> Mapped

    @inlinable
    init(base: Base, transform: @escaping @Sendable (Base.Element) -> Mapped) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: @Sendable (Base.Element) -> Mapped

        @inlinable
        init(base: Base.AsyncIterator, transform: @escaping @Sendable (Base.Element) -> Mapped) {
            self.base = base
            self.transform = transform
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            guard let element = try await base.next(isolation: actor) else { return nil }
            return transform(element)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), transform: transform)
    }
}

extension MappedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension MappedSequence.AsyncIterator: Sendable {}
