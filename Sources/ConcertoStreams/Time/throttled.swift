public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// At most one element for each `period`: the first at once, and the newest of those that follow when the period is over.
    ///
    /// The last element of a burst comes by the timer, not with the next element. The end brings out what still waits when its
    /// period is over; a failure drops it. Zero lets everything through.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task and one timer.
    /// - Parameters:
    ///   - period: How long after an element the next one may come.
    ///   - keeping: Whether the newest of those that come too soon is kept.
    ///   - clock: Measures `period`.
    /// - Throws: `ArgumentError` if `period` is negative.
    @inlinable
    public func throttled(
        every period: Duration, keeping: ThrottleKeeping = .firstAndLatest, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> ThrottledSequence<Self> {
        guard period >= .zero else { throw ArgumentError("period", period, "it must not be negative") }
        return ThrottledSequence(base: self, period: period, keeping: keeping, clock: clock)
    }
}

/// A stream that has been slowed down; made by `throttled(every:keeping:clock:)`.
public struct ThrottledSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let period: Duration
    @usableFromInline let keeping: ThrottleKeeping
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, period: Duration, keeping: ThrottleKeeping, clock: any TimerClock) {
        self.base = base
        self.period = period
        self.keeping = keeping
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let period: Duration
        @usableFromInline let keepsLatest: Bool
        @usableFromInline var ready: Base.Element?
        @usableFromInline var held: Base.Element?
        @usableFromInline var opensAt: TimerInstant?
        @usableFromInline var hasEnded = false

        @inlinable
        init(period: Duration, keepsLatest: Bool) {
            self.period = period
            self.keepsLatest = keepsLatest
        }

        @inlinable static var readsClock: Bool { true }
        @inlinable var isFull: Bool { ready != nil && period == .zero }
        @inlinable var isReady: Bool { ready != nil }
        // Without anything to bring out nobody has to know when the period is over.
        @inlinable var deadline: TimerInstant? { held == nil ? nil : opensAt }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) {
            if period == .zero {
                ready = element
            } else if let opensAt, now < opensAt || held != nil {
                if keepsLatest { held = element }
            } else {
                ready = element
                opensAt = now.advanced(by: period)
            }
        }

        @inlinable
        mutating func timerFired(now: TimerInstant) {
            guard let held else { return }
            ready = held
            self.held = nil
            opensAt = now.advanced(by: period)
        }

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) { held = failed ? nil : held }

        @inlinable
        mutating func take(now: TimerInstant) -> Base.Element? { ready.take() }
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
        AsyncIterator(StageReader(base, Machine(period: period, keepsLatest: keeping == .firstAndLatest), clock: clock))
    }
}

@available(*, unavailable)
extension ThrottledSequence.AsyncIterator: Sendable {}
