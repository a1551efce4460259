extension AsyncSequence {
    /// The elements up to the first for which a synchronous `predicate` does not hold; costs as `map` does.
    @inlinable
    public func prefix(while predicate: @escaping @Sendable (Element) -> Bool) -> PrefixWhileSequence<Self> {
        PrefixWhileSequence(base: self, predicate: predicate)
    }
}

/// The elements of a stream up to one that does not fit; made by `prefix(while:)`.
public struct PrefixWhileSequence<Base: AsyncSequence>: AsyncSequence {
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
        @usableFromInline var isThrough: Bool = false

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
            guard !isThrough, let element = try await base.next(isolation: actor), predicate(element) else {
                isThrough = true
                return nil
            }
            return element
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), predicate: predicate)
    }
}

extension PrefixWhileSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension PrefixWhileSequence.AsyncIterator: Sendable {}
