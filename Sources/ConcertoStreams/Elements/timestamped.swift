public import ConcertoRuntime

extension AsyncSequence {
    /// The elements with the instant at which each came.
    @inlinable
    public func timestamped(clock: any TimerClock = MonotonicClock()) -> TimestampedSequence<Self> {
        TimestampedSequence(base: self, clock: clock)
    }
}

/// The elements of a stream with their instants; made by `timestamped(clock:)`.
public struct TimestampedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = (instant: TimerInstant, element: Base.Element)
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
            guard let element = try await base.next(isolation: actor) else { return nil }
            return (clock.now, element)
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), clock: clock)
    }
}

extension TimestampedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension TimestampedSequence.AsyncIterator: Sendable {}
