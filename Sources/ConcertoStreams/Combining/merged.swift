import Concerto

/// The elements of both streams as they come.
///
/// - Cancellation: of the iterating task, or leaving the loop, cancels both sources.
/// - Where it runs: each source in a task of its own, from the first `next` on.
/// - Ordering: of one source as it yields; between sources first come, first served. Each has 16 places that wait for the
///   loop, so none is starved.
/// - Allocates: a task for each source and one that drives them, a ring; nothing for an element.
///
/// The stream ends when all sources have ended. If one fails, the others are cancelled and awaited, what they have in the
/// channel is dropped, and the failure comes out.
@inlinable
public func merged<First: AsyncSequence & Sendable, Second: AsyncSequence & Sendable>(
    _ first: First, _ second: Second
) -> MergedSequence<First.Element, First.Failure>
where First.Element: Sendable, First.Element == Second.Element, First.Failure == Second.Failure {
    MergedSequence([MergedSequence.feed(first, 0), MergedSequence.feed(second, 1)])
}

/// The elements of three streams as they come; see ``merged(_:_:)``.
@inlinable
public func merged<
    First: AsyncSequence & Sendable, Second: AsyncSequence & Sendable, Third: AsyncSequence & Sendable
>(
    _ first: First, _ second: Second, _ third: Third
) -> MergedSequence<First.Element, First.Failure>
where
    First.Element: Sendable, First.Element == Second.Element, First.Failure == Second.Failure,
    First.Element == Third.Element, First.Failure == Third.Failure
{
    MergedSequence([
        MergedSequence.feed(first, 0), MergedSequence.feed(second, 1), MergedSequence.feed(third, 2),
    ])
}

/// The elements of all streams as they come; of none, the end. See ``merged(_:_:)``.
@inlinable
public func merged<Source: AsyncSequence & Sendable>(
    _ sources: [Source]
) -> MergedSequence<Source.Element, Source.Failure> where Source.Element: Sendable {
    MergedSequence(sources.enumerated().map { MergedSequence.feed($0.element, $0.offset) })
}

/// The elements of several streams as they come; made by `merged(_:_:)`.
public struct MergedSequence<Element: Sendable, Failure: Error>: AsyncSequence, Sendable {
    @usableFromInline typealias Feed = ReadAhead<Element, Failure>.Feed

    @usableFromInline let feeds: [Feed]

    @inlinable
    init(_ feeds: [Feed]) { self.feeds = feeds }

    @inlinable
    static func feed<Source: AsyncSequence & Sendable>(
        _ source: Source, _ number: Int
    ) -> Feed where Source.Element == Element, Source.Failure == Failure {
        { core throws(Failure) in try await core.pump(source, number) }
    }

    /// Yields what comes.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: ReadAheadReader<Element, Failure>

        @inlinable
        init(_ feeds: [Feed]) {
            reader = ReadAheadReader(share: 16, feeds)
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await reader.next(isolation: actor)
        }
    }

    /// Starts to read the sources, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(feeds) }
}

@available(*, unavailable)
extension MergedSequence.AsyncIterator: Sendable {}
