public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The newest element when the loop asks: what came while it was busy is dropped, and the source never waits.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task.
    @inlinable
    public func conflated() -> ConflatedSequence<Self> {
        ConflatedSequence(base: self, combine: { $1 }, clock: MonotonicClock())
    }

    /// What came while the loop was busy as one element: of 1 10 100 with +, 111. The source never waits.
    ///
    /// - Parameter combine: Makes one element of two; called under a lock, so it has to be short.
    @inlinable
    public func conflated(
        by combine: @escaping @Sendable (Element, Element) -> Element
    ) -> ConflatedSequence<Self> {
        ConflatedSequence(base: self, combine: combine, clock: MonotonicClock())
    }
}

/// What came since the last element, as one; made by `conflated()`.
public struct ConflatedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let combine: @Sendable (Base.Element, Base.Element) -> Base.Element
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, combine: @escaping @Sendable (Base.Element, Base.Element) -> Base.Element, clock: any TimerClock) {
        self.base = base
        self.combine = combine
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let combine: @Sendable (Base.Element, Base.Element) -> Base.Element
        @usableFromInline var pending: Base.Element?

        @inlinable
        init(combine: @escaping @Sendable (Base.Element, Base.Element) -> Base.Element) { self.combine = combine }

        @inlinable static var readsClock: Bool { false }
        @inlinable var isFull: Bool { false }
        @inlinable var isReady: Bool { pending != nil }
        @inlinable var deadline: TimerInstant? { nil }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) {
            pending = if let pending { combine(pending, element) } else { element }
        }

        @inlinable
        mutating func timerFired(now: TimerInstant) {}

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) {}

        @inlinable
        mutating func take(now: TimerInstant) -> Base.Element? { pending.take() }
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
        AsyncIterator(StageReader(base, Machine(combine: combine), clock: clock))
    }
}

@available(*, unavailable)
extension ConflatedSequence.AsyncIterator: Sendable {}
