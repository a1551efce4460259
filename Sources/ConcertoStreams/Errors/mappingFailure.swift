extension AsyncSequence {
    /// The same stream with its failures as another type.
    ///
    /// - Parameter transform: Makes the new failure; cancellation goes through it as any failure does.
    @inlinable
    public func mappingError<NewFailure: Error>(
        _ transform: @escaping @Sendable (Failure) -> NewFailure
    ) -> MappedFailureSequence<Self, NewFailure> {
        MappedFailureSequence(base: self, transform: transform)
    }

    /// The same stream under a type of failure that its failures are known to fit.
    @usableFromInline
    func mappingFailure<NewFailure: Error>(
        to _: NewFailure.Type
    ) -> MappedFailureSequence<Self, NewFailure> {
        MappedFailureSequence(base: self) { $0 as! NewFailure }
    }
}

/// A stream with failures of another type; made by `mappingError(_:)`.
public struct MappedFailureSequence<Base: AsyncSequence, Failure: Error>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element

    @usableFromInline let base: Base
    @usableFromInline let transform: @Sendable (Base.Failure) -> Failure

    @inlinable
    init(base: Base, transform: @escaping @Sendable (Base.Failure) -> Failure) {
        self.base = base
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let transform: @Sendable (Base.Failure) -> Failure

        @inlinable
        init(base: Base.AsyncIterator, transform: @escaping @Sendable (Base.Failure) -> Failure) {
            self.base = base
            self.transform = transform
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            do throws(Base.Failure) { return try await base.next(isolation: actor) } catch { throw transform(error) }
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), transform: transform)
    }
}

extension MappedFailureSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension MappedFailureSequence.AsyncIterator: Sendable {}
