extension AsyncSequence {
    /// The elements from the first on for which a synchronous `predicate` does not hold; costs as `map` does.
    @inlinable
    public func drop(while predicate: @escaping @Sendable (Element) -> Bool) -> DropWhileSequence<Self> {
        DropWhileSequence(base: self, predicate: predicate)
    }
}

/// A stream without the elements that fit at its beginning; made by `drop(while:)`.
public struct DropWhileSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let predicate: @Sendable (Base.Element) -> Bool

    @inlinable
    init(base: Base, predicate: @escaping @Sendable (Base.Element) -> Bool) {
        self.base = base
        self.predicate = predicate
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let predicate: @Sendable (Base.Element) -> Bool
        @usableFromInline var isDropping: Bool = true

        @inlinable
        init(base: Base.AsyncIterator, predicate: @escaping @Sendable (Base.Element) -> Bool) {
            self.base = base
            self.predicate = predicate
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            while let element = try await base.next(isolation: actor) {
                if isDropping, predicate(element) { continue }
                isDropping = false
                return element
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), predicate: predicate)
    }
}

extension DropWhileSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension DropWhileSequence.AsyncIterator: Sendable {}
