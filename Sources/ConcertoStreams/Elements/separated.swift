extension AsyncSequence {
    /// The elements with `separator` between them.
    @inlinable
    public func separated(by separator: Element) -> SeparatedSequence<Self> {
        SeparatedSequence(base: self, separator: separator)
    }
}

/// A stream with something between its elements; made by `separated(by:)`.
public struct SeparatedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let separator: Base.Element

    @inlinable
    init(base: Base, separator: Base.Element) {
        self.base = base
        self.separator = separator
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let separator: Base.Element
        @usableFromInline var hasBegun: Bool = false
        @usableFromInline var held: Base.Element?

        @inlinable
        init(base: Base.AsyncIterator, separator: Base.Element) {
            self.base = base
            self.separator = separator
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            if let held {
                self.held = nil
                return held
            }
            guard let element = try await base.next(isolation: actor) else { return nil }
            guard hasBegun else {
                hasBegun = true
                return element
            }
            held = element
            return separator
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), separator: separator)
    }
}

extension SeparatedSequence: Sendable where Base: Sendable, Base.Element: Sendable {}

@available(*, unavailable)
extension SeparatedSequence.AsyncIterator: Sendable {}
