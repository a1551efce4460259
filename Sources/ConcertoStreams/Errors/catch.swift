public import ConcertoRuntime

extension AsyncSequence {
    /// Goes on with another stream where this one fails.
    ///
    /// What the loop itself throws, and cancellation, never come here.
    /// - Parameter recover: Makes the stream that goes on; it may throw, which ends the stream.
    @inlinable
    public func `catch`<Other: AsyncSequence>(
        _ recover: @escaping @Sendable (Failure) throws -> Other
    ) -> CaughtSequence<Self, Other> where Other.Element == Element {
        CaughtSequence(base: self, recover: recover)
    }
}

/// A stream that goes on with another where it fails; made by `catch(_:)`.
public struct CaughtSequence<Base: AsyncSequence, Other: AsyncSequence>: AsyncSequence
where Base.Element == Other.Element {
    /// What comes out.
    public typealias Element = Base.Element
    /// Any error, of the handler or the stream that goes on.
    public typealias Failure = any Error

    @usableFromInline let base: Base
    @usableFromInline let recover: @Sendable (Base.Failure) throws -> Other

    @inlinable
    init(base: Base, recover: @escaping @Sendable (Base.Failure) throws -> Other) {
        self.base = base
        self.recover = recover
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator?
        @usableFromInline var other: Other.AsyncIterator?
        @usableFromInline let recover: @Sendable (Base.Failure) throws -> Other

        @inlinable
        init(base: Base.AsyncIterator, recover: @escaping @Sendable (Base.Failure) throws -> Other) {
            self.base = base
            self.recover = recover
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if var current = base {
                do throws(Base.Failure) {
                    let element = try await current.next(isolation: actor)
                    base = current
                    return element
                } catch {
                    base = nil
                    if error is CancellationError || isCurrentTaskCancelled() { throw error }
                    other = try recover(error).makeAsyncIterator()
                }
            }
            guard var current = other else { return nil }
            other = nil
            let element = try await current.next(isolation: actor)
            other = current
            return element
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), recover: recover)
    }
}

extension CaughtSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension CaughtSequence.AsyncIterator: Sendable {}
