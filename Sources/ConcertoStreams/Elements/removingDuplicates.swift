extension AsyncSequence {
    /// Drops every element that `areEqual` says is the same as the one before it.
    @inlinable
    public func removingDuplicates(
        by areEqual: @escaping @Sendable (Element, Element) -> Bool
    ) -> RemovingDuplicatesSequence<Self> {
        RemovingDuplicatesSequence(base: self, areEqual: areEqual)
    }

    /// Drops every element that equals the one before it.
    @inlinable
    public func removingDuplicates() -> RemovingDuplicatesSequence<Self>
    where Element: Equatable & SendableMetatype {
        RemovingDuplicatesSequence(base: self) { $0 == $1 }
    }
}

/// A stream without elements that repeat their neighbour; made by `removingDuplicates(by:)`.
public struct RemovingDuplicatesSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let areEqual: @Sendable (Base.Element, Base.Element) -> Bool

    @inlinable
    init(base: Base, areEqual: @escaping @Sendable (Base.Element, Base.Element) -> Bool) {
        self.base = base
        self.areEqual = areEqual
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let areEqual: @Sendable (Base.Element, Base.Element) -> Bool
        @usableFromInline var previous: Base.Element?

        @inlinable
        init(base: Base.AsyncIterator, areEqual: @escaping @Sendable (Base.Element, Base.Element) -> Bool) {
            self.base = base
            self.areEqual = areEqual
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            while let element = try await base.next(isolation: actor) {
                if let previous, areEqual(previous, element) { continue }
                previous = element
                return element
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), areEqual: areEqual)
    }
}

extension RemovingDuplicatesSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension RemovingDuplicatesSequence.AsyncIterator: Sendable {}
