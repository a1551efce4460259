extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Every element with the newest of `other`; elements that come before `other` has yielded are dropped.
    ///
    /// It ends with this stream; the end of `other` changes nothing. For the rest see `merged(_:_:)`.
    @inlinable
    public func withLatest<Other: AsyncSequence & Sendable>(
        from other: Other
    ) -> WithLatestSequence<Self, Other> where Other.Element: Sendable, Other.Failure == Failure {
        WithLatestSequence(base: self, other: other)
    }
}

/// The elements of a stream, each with the newest of another; made by `withLatest(from:)`.
public struct WithLatestSequence<Base: AsyncSequence & Sendable, Other: AsyncSequence & Sendable>:
    AsyncSequence, Sendable
where Base.Element: Sendable, Other.Element: Sendable, Base.Failure == Other.Failure {
    /// What comes out.
    public typealias Element = (Base.Element, Other.Element)
    /// What the sources throw.
    public typealias Failure = Base.Failure

    @usableFromInline
    enum Event: Sendable {
        case element(Base.Element)
        case other(Other.Element)
        case ended
    }

    @usableFromInline let base: Base
    @usableFromInline let other: Other

    @inlinable
    init(base: Base, other: Other) {
        self.base = base
        self.other = other
    }

    /// Yields the pairs.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: FunnelReader<Event, Failure>
        @usableFromInline var newest: Other.Element?

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
                case .other(let element): newest = element
                case .element(let element): if let newest { return (element, newest) }
                case .ended:
                    reader.leave()
                    return nil
                }
            }
            return nil
        }
    }

    /// Starts to read the sources, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let (base, other) = (base, other)
        return AsyncIterator(
            FunnelReader(
                capacity: 16,
                [
                    { funnel throws(Failure) in
                        try await funnel.pump(base) { .element($0) }
                        _ = await funnel.put(.ended)
                    },
                    { funnel throws(Failure) in try await funnel.pump(other) { .other($0) } },
                ]))
    }
}

@available(*, unavailable)
extension WithLatestSequence.AsyncIterator: Sendable {}
