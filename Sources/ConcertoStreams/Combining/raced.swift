public import Concerto

/// The stream that is first to yield or to fail; the others are cancelled and awaited before its first element comes out.
///
/// One that ends without an element has not won. For the rest see ``merged(_:_:)``.
@inlinable
public func raced<Source: AsyncSequence & Sendable>(
    _ sources: [Source]
) -> RacedSequence<Source> where Source.Element: Sendable { RacedSequence(sources: sources) }

/// The stream that is first; see ``raced(_:)``.
@inlinable
public func raced<Source: AsyncSequence & Sendable>(
    _ sources: Source...
) -> RacedSequence<Source> where Source.Element: Sendable { RacedSequence(sources: sources) }

/// The first of several streams; made by `raced(_:)`.
public struct RacedSequence<Source: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Source.Element: Sendable {
    /// What comes out.
    public typealias Element = Source.Element
    /// What the sources throw.
    public typealias Failure = Source.Failure

    @usableFromInline let sources: [Source]

    @inlinable
    init(sources: [Source]) { self.sources = sources }

    /// Yields the elements of the winner.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: FunnelReader<Element, Failure>

        @inlinable
        init(_ reader: FunnelReader<Element, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await reader.next(isolation: actor)
        }
    }

    /// Starts the race, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let sources = sources
        return AsyncIterator(
            FunnelReader(Funnel(capacity: 16)) { funnel in
                let race = StreamRace(runners: sources.count)
                race.start(on: StreamPlacement.current) { number in
                    do throws(Failure) {
                        var iterator = sources[number].makeAsyncIterator()
                        guard let first = try await iterator.next(isolation: nil) else { return }
                        guard await race.wins(number), await funnel.put(first) else { return }
                        while let element = try await iterator.next(isolation: nil) {
                            guard await funnel.put(element) else { return }
                        }
                    } catch {
                        if await race.wins(number) { funnel.fail(error, source: number) }
                    }
                }
                funnel.drive { await race.finish() }
            })
    }
}

@available(*, unavailable)
extension RacedSequence.AsyncIterator: Sendable {}
