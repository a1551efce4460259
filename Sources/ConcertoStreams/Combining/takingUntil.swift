public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The elements until `signal` yields: then the source is cancelled and the stream ends normally.
    ///
    /// A signal that ends without an element changes nothing; one that fails fails the stream. For the rest see
    /// `merged(_:_:)`.
    @inlinable
    public func taking<Signal: AsyncSequence & Sendable>(
        until signal: Signal
    ) -> TakingUntilSequence<Element, Failure> where Signal.Failure == Failure {
        TakingUntilSequence(self) { funnel throws(Failure) in
            var iterator = signal.makeAsyncIterator()
            if try await iterator.next(isolation: nil) != nil { _ = await funnel.put(nil) }
        }
    }

    /// The elements that come before `instant`: then the source is cancelled and the stream ends normally.
    @inlinable
    public func taking(
        until instant: TimerInstant, clock: any TimerClock = MonotonicClock()
    ) -> TakingUntilSequence<Element, Failure> {
        TakingUntilSequence(self) { funnel throws(Failure) in
            guard (try? await clock.sleep(until: instant, tolerance: nil)) != nil else { return }
            _ = await funnel.put(nil)
        }
    }
}

/// The elements of a stream until something else happens; made by `taking(until:)`.
public struct TakingUntilSequence<Element: Sendable, Failure: Error>: AsyncSequence, Sendable {
    @usableFromInline let feeds: [Funnel<Element?, Failure>.Feed]

    @inlinable
    init<Base: AsyncSequence & Sendable>(
        _ base: Base, _ stop: @escaping Funnel<Element?, Failure>.Feed
    ) where Base.Element == Element, Base.Failure == Failure {
        feeds = [
            { funnel throws(Failure) in
                try await funnel.pump(base) { $0 }
                _ = await funnel.put(nil)
            }, stop,
        ]
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: FunnelReader<Element?, Failure>

        @inlinable
        init(_ reader: FunnelReader<Element?, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            guard let event = try await reader.next(isolation: actor) else { return nil }
            if event == nil { reader.leave() }
            return event
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(FunnelReader(capacity: 16, feeds)) }
}

@available(*, unavailable)
extension TakingUntilSequence.AsyncIterator: Sendable {}
