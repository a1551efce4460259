public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The elements, and `element` whenever none has come for `silence`.
    ///
    /// A real element that comes just then takes its place.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task and one timer.
    /// - Throws: `ArgumentError` if `silence` is not positive.
    @inlinable
    public func keepAlive(
        every silence: Duration, inject element: Element, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> KeepAliveSequence<Self> {
        guard silence > .zero else { throw ArgumentError("silence", silence, "it must be positive") }
        return KeepAliveSequence(base: self, silence: silence, filler: element, clock: clock)
    }
}

/// A stream that is never silent for long; made by `keepAlive(every:inject:clock:)`.
public struct KeepAliveSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let silence: Duration
    @usableFromInline let filler: Base.Element
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, silence: Duration, filler: Base.Element, clock: any TimerClock) {
        self.base = base
        self.silence = silence
        self.filler = filler
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let silence: Duration
        @usableFromInline let filler: Base.Element
        @usableFromInline var ready: Base.Element?
        @usableFromInline var isReal = false
        @usableFromInline var deadline: TimerInstant?

        @inlinable
        init(silence: Duration, filler: Base.Element, from start: TimerInstant) {
            self.silence = silence
            self.filler = filler
            deadline = start.advanced(by: silence)
        }

        @inlinable static var readsClock: Bool { true }
        // What was put in makes way for what came.
        @inlinable var isFull: Bool { ready != nil && isReal }
        @inlinable var isReady: Bool { ready != nil }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) {
            ready = element
            isReal = true
            deadline = now.advanced(by: silence)
        }

        @inlinable
        mutating func timerFired(now: TimerInstant) {
            if ready == nil {
                ready = filler
                isReal = false
            }
            deadline = now.advanced(by: silence)
        }

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) {
            deadline = nil
            if !isReal { ready = nil }
        }

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
        AsyncIterator(StageReader(base, Machine(silence: silence, filler: filler, from: clock.now), clock: clock))
    }
}

@available(*, unavailable)
extension KeepAliveSequence.AsyncIterator: Sendable {}
