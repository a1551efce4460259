/// The elements of `first`, then those of `second`, which is opened only after the end of the first; not if that fails.
///
/// - Cancellation: is the sources'.
/// - Where it runs: on the caller's executor. Nothing is started.
/// - Allocates: nothing.
@inlinable
public func concatenated<First: AsyncSequence, Second: AsyncSequence>(
    _ first: First, _ second: Second
) -> ConcatenatedSequence<First, Second>
where First.Element == Second.Element, First.Failure == Second.Failure {
    ConcatenatedSequence(first: first, second: second)
}

extension AsyncSequence {
    /// The elements, and then those of `other`; see `concatenated(_:_:)`.
    @inlinable
    public func appending<Other: AsyncSequence>(
        contentsOf other: Other
    ) -> ConcatenatedSequence<Self, Other> where Other.Element == Element, Other.Failure == Failure {
        ConcatenatedSequence(first: self, second: other)
    }

    /// The elements of `other`, and then these; see `concatenated(_:_:)`.
    @inlinable
    public func prepending<Other: AsyncSequence>(
        contentsOf other: Other
    ) -> ConcatenatedSequence<Other, Self> where Other.Element == Element, Other.Failure == Failure {
        ConcatenatedSequence(first: other, second: self)
    }

    /// The elements, or those of `other` if there are none.
    @inlinable
    public func switchIfEmpty<Other: AsyncSequence>(
        to other: Other
    ) -> ConcatenatedSequence<Self, Other> where Other.Element == Element, Other.Failure == Failure {
        ConcatenatedSequence(first: self, second: other, onlyIfEmpty: true)
    }
}

/// One stream after the other; made by `concatenated(_:_:)`.
public struct ConcatenatedSequence<First: AsyncSequence, Second: AsyncSequence>: AsyncSequence
where First.Element == Second.Element, First.Failure == Second.Failure {
    /// What comes out.
    public typealias Element = First.Element
    /// What the sources throw.
    public typealias Failure = First.Failure

    @usableFromInline let first: First
    @usableFromInline let second: Second
    @usableFromInline let onlyIfEmpty: Bool

    @inlinable
    init(first: First, second: Second, onlyIfEmpty: Bool = false) {
        self.first = first
        self.second = second
        self.onlyIfEmpty = onlyIfEmpty
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline
        enum Phase {
            case first(First.AsyncIterator)
            case second(Second.AsyncIterator)
            case through
        }

        @usableFromInline var phase: Phase
        @usableFromInline let sequence: ConcatenatedSequence
        @usableFromInline var isEmpty = true

        @inlinable
        init(_ sequence: ConcatenatedSequence) {
            self.sequence = sequence
            phase = .first(sequence.first.makeAsyncIterator())
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            let now = phase
            // Whatever throws ends the stream.
            phase = .through
            switch now {
            case .through: return nil
            case .first(var iterator):
                if let element = try await iterator.next(isolation: actor) {
                    isEmpty = false
                    phase = .first(iterator)
                    return element
                }
                if sequence.onlyIfEmpty, !isEmpty { return nil }
                phase = .second(sequence.second.makeAsyncIterator())
                return try await next(isolation: actor)
            case .second(var iterator):
                guard let element = try await iterator.next(isolation: actor) else { return nil }
                phase = .second(iterator)
                return element
            }
        }
    }

    /// Starts to read the first source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

extension ConcatenatedSequence: Sendable where First: Sendable, Second: Sendable {}

@available(*, unavailable)
extension ConcatenatedSequence.AsyncIterator: Sendable {}
