/// The newest elements of both streams, whenever one of them yields, once both have.
///
/// It ends when both have ended, or at once if one ends without an element. For the rest see ``merged(_:_:)``.
@inlinable
public func combinedLatest<First: AsyncSequence & Sendable, Second: AsyncSequence & Sendable>(
    _ first: First, _ second: Second
) -> CombinedLatestSequence<First, Second>
where First.Element: Sendable, Second.Element: Sendable, First.Failure == Second.Failure {
    CombinedLatestSequence(first: first, second: second)
}

/// The newest elements of two streams; made by `combinedLatest(_:_:)`.
public struct CombinedLatestSequence<First: AsyncSequence & Sendable, Second: AsyncSequence & Sendable>:
    AsyncSequence, Sendable
where First.Element: Sendable, Second.Element: Sendable, First.Failure == Second.Failure {
    /// What comes out.
    public typealias Element = (First.Element, Second.Element)
    /// What the sources throw.
    public typealias Failure = First.Failure

    @usableFromInline
    enum Event: Sendable {
        case first(First.Element)
        case second(Second.Element)
        case firstEnded
        case secondEnded
    }

    @usableFromInline let first: First
    @usableFromInline let second: Second

    @inlinable
    init(first: First, second: Second) {
        self.first = first
        self.second = second
    }

    /// Yields the pairs.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: FunnelReader<Event, Failure>
        @usableFromInline var first: First.Element?
        @usableFromInline var second: Second.Element?

        @inlinable
        init(_ reader: FunnelReader<Event, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next pair.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            while let event = try await reader.next(isolation: actor) {
                switch event {
                case .first(let element): first = element
                case .second(let element): second = element
                case .firstEnded:
                    if first != nil { continue }
                    reader.leave()
                    return nil
                case .secondEnded:
                    if second != nil { continue }
                    reader.leave()
                    return nil
                }
                if let first, let second { return (first, second) }
            }
            return nil
        }
    }

    /// Starts to read the sources, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let (first, second) = (first, second)
        return AsyncIterator(
            FunnelReader(
                capacity: 16,
                [
                    { funnel throws(Failure) in
                        try await funnel.pump(first) { .first($0) }
                        _ = await funnel.put(.firstEnded)
                    },
                    { funnel throws(Failure) in
                        try await funnel.pump(second) { .second($0) }
                        _ = await funnel.put(.secondEnded)
                    },
                ]))
    }
}

@available(*, unavailable)
extension CombinedLatestSequence.AsyncIterator: Sendable {}
