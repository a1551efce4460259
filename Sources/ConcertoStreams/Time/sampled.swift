public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The newest element at every tick of `period`, if there is a new one since the last.
    ///
    /// The ticks run from the first `next` on. An element that comes with a tick counts for it. At the end what is pending comes
    /// at once; a failure drops it.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task and one timer.
    /// - Throws: `ArgumentError` if `period` is not positive.
    @inlinable
    public func sampled(
        every period: Duration, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> SampledSequence<Self> {
        guard period > .zero else { throw ArgumentError("period", period, "it must be positive") }
        return SampledSequence(base: self, period: period, clock: clock)
    }
}

/// The newest elements of a stream in a rhythm; made by `sampled(every:clock:)`.
public struct SampledSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let period: Duration
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, period: Duration, clock: any TimerClock) {
        self.base = base
        self.period = period
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let period: Duration
        @usableFromInline var newest: Base.Element?
        @usableFromInline var ready: Base.Element?
        @usableFromInline var deadline: TimerInstant?

        @inlinable
        init(period: Duration, from start: TimerInstant) {
            self.period = period
            deadline = start.advanced(by: period)
        }

        @inlinable static var readsClock: Bool { false }
        @inlinable var isFull: Bool { false }
        @inlinable var isReady: Bool { ready != nil }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) { newest = element }

        @inlinable
        mutating func timerFired(now: TimerInstant) {
            if let newest {
                ready = newest
                self.newest = nil
            }
            guard let due = deadline else { return }
            // Ticks that nobody saw are one; the rhythm stays.
            let length = Swift.max(1, period.saturatingNanoseconds)
            let missed = Swift.max(0, due.duration(to: now).saturatingNanoseconds) / length
            deadline = due.advanced(by: .nanoseconds(length)).advanced(by: .nanoseconds(missed * length))
        }

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) {
            deadline = nil
            if failed { newest = nil }
            last = newest
            newest = nil
        }

        @usableFromInline var last: Base.Element?

        @inlinable
        mutating func take(now: TimerInstant) -> Base.Element? { ready.take() ?? last.take() }
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: StageReader<Machine, Failure>

        @inlinable
        init(_ reader: StageReader<Machine, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await reader.next(isolation: actor)
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(StageReader(base, Machine(period: period, from: clock.now), clock: clock))
    }
}

@available(*, unavailable)
extension SampledSequence.AsyncIterator: Sendable {}
