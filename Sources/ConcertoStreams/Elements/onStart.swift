extension AsyncSequence {
    /// Calls `action` at the first `next` of each iteration, before the source is asked.
    @inlinable
    public func onStart(_ action: @escaping @Sendable () -> Void) -> OnStartSequence<Self> {
        OnStartSequence(base: self, action: action)
    }
}

/// A stream that tells when it begins; made by `onStart(_:)`.
public struct OnStartSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let action: @Sendable () -> Void

    @inlinable
    init(base: Base, action: @escaping @Sendable () -> Void) {
        self.base = base
        self.action = action
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let action: @Sendable () -> Void
        @usableFromInline var hasStarted: Bool = false

        @inlinable
        init(base: Base.AsyncIterator, action: @escaping @Sendable () -> Void) {
            self.base = base
            self.action = action
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            if !hasStarted {
                hasStarted = true
                action()
            }
            return try await base.next(isolation: actor)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), action: action)
    }
}

extension OnStartSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension OnStartSequence.AsyncIterator: Sendable {}
