public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The elements, each `delay` later; the end too. What is on its way when the source fails comes at once, and then the
    /// failure.
    ///
    /// At most `limit` elements are on their way: then the source waits.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task and one timer.
    /// - Throws: `ArgumentError` if `delay` is negative or `limit` is below 1.
    @inlinable
    public func delayed(
        by delay: Duration, limit: Int = 1_024, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> DelayedSequence<Self> {
        guard delay >= .zero else { throw ArgumentError("delay", delay, "it must not be negative") }
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return DelayedSequence(base: self, delay: delay, limit: limit, clock: clock)
    }
}

/// A stream that comes later; made by `delayed(by:limit:clock:)`.
public struct DelayedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let delay: Duration
    @usableFromInline let limit: Int
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, delay: Duration, limit: Int, clock: any TimerClock) {
        self.base = base
        self.delay = delay
        self.limit = limit
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let delay: Duration
        @usableFromInline let limit: Int
        /// Oldest last.
        @usableFromInline var waiting: [(due: TimerInstant, element: Base.Element)] = []
        /// How many of them are over their time.
        @usableFromInline var due = 0
        @usableFromInline var endsAt: TimerInstant?

        @inlinable
        init(delay: Duration, limit: Int) {
            self.delay = delay
            self.limit = limit
        }

        @inlinable static var readsClock: Bool { true }
        @inlinable var isFull: Bool { waiting.count >= limit }
        @inlinable var isReady: Bool { due > 0 }
        @inlinable var deadline: TimerInstant? {
            due < waiting.count ? waiting[waiting.count - 1 - due].due : endsAt
        }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) {
            waiting.insert((now.advanced(by: delay), element), at: 0)
            if delay == .zero { due = waiting.count }
        }

        @inlinable
        mutating func timerFired(now: TimerInstant) {
            while due < waiting.count, waiting[waiting.count - 1 - due].due <= now { due += 1 }
            if let endsAt, endsAt <= now { self.endsAt = nil }
        }

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) {
            if failed { due = waiting.count } else if delay > .zero { endsAt = now.advanced(by: delay) }
        }

        @inlinable
        mutating func take(now: TimerInstant) -> Base.Element? {
            guard due > 0 else { return nil }
            due -= 1
            return waiting.removeLast().element
        }
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
        AsyncIterator(StageReader(base, Machine(delay: delay, limit: limit), clock: clock))
    }
}

@available(*, unavailable)
extension DelayedSequence.AsyncIterator: Sendable {}
