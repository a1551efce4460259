extension AsyncSequence {
    /// Calls `action` with every element on its way.
    @inlinable
    public func onEach(_ action: @escaping @Sendable (Element) -> Void) -> OnEachSequence<Self> {
        OnEachSequence(base: self, action: action)
    }
}

/// A stream somebody looks at; made by `onEach(_:)`.
public struct OnEachSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let action: @Sendable (Base.Element) -> Void

    @inlinable
    init(base: Base, action: @escaping @Sendable (Base.Element) -> Void) {
        self.base = base
        self.action = action
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let action: @Sendable (Base.Element) -> Void

        @inlinable
        init(base: Base.AsyncIterator, action: @escaping @Sendable (Base.Element) -> Void) {
            self.base = base
            self.action = action
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            guard let element = try await base.next(isolation: actor) else { return nil }
            action(element)
            return element
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), action: action)
    }
}

extension OnEachSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension OnEachSequence.AsyncIterator: Sendable {}
