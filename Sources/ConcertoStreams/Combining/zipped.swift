public import Concerto

/// Pairs of elements, one of each stream.
///
/// The first is asked, then the second; if the first has ended the second is not asked. It ends with the shorter one; if
/// that is the second, an element of the first is lost. For sources that take their time see ``zipped(_:_:prefetch:)``.
/// - Cancellation: is the sources'.
/// - Where it runs: on the caller's executor. Nothing is started.
/// - Allocates: nothing.
@inlinable
public func zipped<First: AsyncSequence, Second: AsyncSequence>(
    _ first: First, _ second: Second
) -> ZippedSequence<First, Second> where First.Failure == Second.Failure {
    ZippedSequence(first: first, second: second)
}

/// Pairs of elements of two streams that are read at the same time, up to `prefetch` elements ahead.
///
/// - Allocates: two tasks and channels.
/// - Throws: `ArgumentError` if `prefetch` is below 1.
@inlinable
public func zipped<First: AsyncSequence & Sendable, Second: AsyncSequence & Sendable>(
    _ first: First, _ second: Second, prefetch: Int
) throws(ArgumentError) -> PrefetchedZipSequence<First, Second>
where First.Element: Sendable, Second.Element: Sendable, First.Failure == Second.Failure {
    PrefetchedZipSequence(first: try first.buffered(prefetch), second: try second.buffered(prefetch))
}

/// Pairs of elements of two streams that have to be of one length.
///
/// - Throws: while it is read, ``UnequalLengthsError`` if one ends before the other.
@inlinable
public func zippedStrictly<First: AsyncSequence, Second: AsyncSequence>(
    _ first: First, _ second: Second
) -> StrictlyZippedSequence<First, Second> { StrictlyZippedSequence(first: first, second: second) }

/// Pairs of elements of two streams; made by `zipped(_:_:)`.
public struct ZippedSequence<First: AsyncSequence, Second: AsyncSequence>: AsyncSequence
where First.Failure == Second.Failure {
    /// What comes out.
    public typealias Element = (First.Element, Second.Element)
    /// What the sources throw.
    public typealias Failure = First.Failure

    @usableFromInline let first: First
    @usableFromInline let second: Second

    @inlinable
    init(first: First, second: Second) {
        self.first = first
        self.second = second
    }

    /// Yields the pairs.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var first: First.AsyncIterator
        @usableFromInline var second: Second.AsyncIterator
        @usableFromInline var isThrough = false

        @inlinable
        init(first: First.AsyncIterator, second: Second.AsyncIterator) {
            self.first = first
            self.second = second
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next pair.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            if isThrough { return nil }
            guard let one = try await first.next(isolation: actor), let other = try await second.next(isolation: actor)
            else {
                isThrough = true
                return nil
            }
            return (one, other)
        }
    }

    /// Starts to read the sources.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(first: first.makeAsyncIterator(), second: second.makeAsyncIterator())
    }
}

extension ZippedSequence: Sendable where First: Sendable, Second: Sendable {}

@available(*, unavailable)
extension ZippedSequence.AsyncIterator: Sendable {}

/// Pairs of elements of two streams that are read at the same time; made by `zipped(_:_:prefetch:)`.
public struct PrefetchedZipSequence<First: AsyncSequence & Sendable, Second: AsyncSequence & Sendable>:
    AsyncSequence, Sendable
where First.Element: Sendable, Second.Element: Sendable, First.Failure == Second.Failure {
    /// What comes out.
    public typealias Element = (First.Element, Second.Element)
    /// What the sources throw.
    public typealias Failure = First.Failure

    @usableFromInline let first: BufferedSequence<First>
    @usableFromInline let second: BufferedSequence<Second>

    @inlinable
    init(first: BufferedSequence<First>, second: BufferedSequence<Second>) {
        self.first = first
        self.second = second
    }

    /// Yields the pairs.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var first: BufferedSequence<First>.AsyncIterator
        @usableFromInline var second: BufferedSequence<Second>.AsyncIterator
        @usableFromInline var isThrough = false

        @inlinable
        init(first: BufferedSequence<First>.AsyncIterator, second: BufferedSequence<Second>.AsyncIterator) {
            self.first = first
            self.second = second
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next pair.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            if isThrough { return nil }
            // Both, before either is waited for.
            second.reader.startEarly()
            guard let one = try await first.next(isolation: actor), let other = try await second.next(isolation: actor)
            else {
                isThrough = true
                first.reader.leave()
                second.reader.leave()
                return nil
            }
            return (one, other)
        }
    }

    /// Starts to read the sources, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(first: first.makeAsyncIterator(), second: second.makeAsyncIterator())
    }
}

@available(*, unavailable)
extension PrefetchedZipSequence.AsyncIterator: Sendable {}

/// Pairs of elements of two streams of one length; made by `zippedStrictly(_:_:)`.
public struct StrictlyZippedSequence<First: AsyncSequence, Second: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = (First.Element, Second.Element)
    /// What the sources throw, or ``UnequalLengthsError``.
    public typealias Failure = any Error

    @usableFromInline let first: First
    @usableFromInline let second: Second

    @inlinable
    init(first: First, second: Second) {
        self.first = first
        self.second = second
    }

    /// Yields the pairs.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var first: First.AsyncIterator
        @usableFromInline var second: Second.AsyncIterator
        @usableFromInline var pairs = 0
        @usableFromInline var isThrough = false

        @inlinable
        init(first: First.AsyncIterator, second: Second.AsyncIterator) {
            self.first = first
            self.second = second
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next pair.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if isThrough { return nil }
            let one = try await first.next(isolation: actor)
            let other = try await second.next(isolation: actor)
            if let one, let other {
                pairs += 1
                return (one, other)
            }
            isThrough = true
            if one == nil, other == nil { return nil }
            throw UnequalLengthsError(pairs: pairs, isFirstLonger: one != nil)
        }
    }

    /// Starts to read the sources.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(first: first.makeAsyncIterator(), second: second.makeAsyncIterator())
    }
}

extension StrictlyZippedSequence: Sendable where First: Sendable, Second: Sendable {}

@available(*, unavailable)
extension StrictlyZippedSequence.AsyncIterator: Sendable {}

/// One of two streams that were to be of one length has ended before the other.
public struct UnequalLengthsError: Error, Hashable, CustomStringConvertible {
    /// How many pairs there were.
    public let pairs: Int
    /// Whether the first of the two went on.
    public let isFirstLonger: Bool

    /// Creates an error.
    public init(pairs: Int, isFirstLonger: Bool) {
        self.pairs = pairs
        self.isFirstLonger = isFirstLonger
    }

    /// What happened and what to do.
    public var description: String {
        "the \(isFirstLonger ? "second" : "first") stream ended after \(pairs) elements and the other went on: "
            + "use zipped(_:_:) where lengths may differ"
    }
}
