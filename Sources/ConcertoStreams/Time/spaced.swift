public import Concerto
public import ConcertoRuntime

extension AsyncSequence {
    /// The elements, at least `interval` apart: the source is asked for the next one only when its time has come.
    ///
    /// - Cancellation: ends a wait at once.
    /// - Where it runs: on the caller's executor. Nothing is started.
    /// - Throws: `ArgumentError` if `interval` is negative.
    @inlinable
    public func spaced(
        by interval: Duration, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> SpacedSequence<Self> {
        guard interval >= .zero else { throw ArgumentError("interval", interval, "it must not be negative") }
        return SpacedSequence(base: self, interval: interval, clock: clock)
    }
}

/// A stream with a pause after each element; made by `spaced(by:clock:)`.
public struct SpacedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let interval: Duration
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, interval: Duration, clock: any TimerClock) {
        self.base = base
        self.interval = interval
        self.clock = clock
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let interval: Duration
        @usableFromInline let clock: any TimerClock
        @usableFromInline var next: TimerInstant?

        @inlinable
        init(base: Base.AsyncIterator, interval: Duration, clock: any TimerClock) {
            self.base = base
            self.interval = interval
            self.clock = clock
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            if let next, next > clock.now {
                do { try await clock.sleep(until: next, tolerance: nil) } catch {
                    try throwIfItCanBe(error, as: Base.Failure.self)
                    return nil
                }
            }
            guard let element = try await base.next(isolation: actor) else { return nil }
            next = clock.now.advanced(by: interval)
            return element
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), interval: interval, clock: clock)
    }
}

extension SpacedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension SpacedSequence.AsyncIterator: Sendable {}
