public import ConcertoRuntime

extension AsyncSequence {
    /// The elements with the time since the one before, or since the first `next`.
    @inlinable
    public func timeInterval(clock: any TimerClock = MonotonicClock()) -> TimeIntervalSequence<Self> {
        TimeIntervalSequence(base: self, clock: clock)
    }
}

/// The elements of a stream with the time between them; made by `timeInterval(clock:)`.
public struct TimeIntervalSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = (interval: Duration, element: Base.Element)
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, clock: any TimerClock) {
        self.base = base
        self.clock = clock
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let clock: any TimerClock
        @usableFromInline var last: TimerInstant?

        @inlinable
        init(base: Base.AsyncIterator, clock: any TimerClock) {
            self.base = base
            self.clock = clock
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            let start = last ?? clock.now
            guard let element = try await base.next(isolation: actor) else { return nil }
            let now = clock.now
            last = now
            return (start.duration(to: now), element)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), clock: clock)
    }
}

extension TimeIntervalSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension TimeIntervalSequence.AsyncIterator: Sendable {}
