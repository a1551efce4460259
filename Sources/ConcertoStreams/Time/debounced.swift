public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// An element once no other has come for `quiet`.
    ///
    /// The end brings out what still waits, a failure drops it. An element that comes just when another's time is over replaces
    /// it. What has settled and is not taken yet is replaced by what settles next. Zero lets everything through.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task and one timer.
    /// - Throws: `ArgumentError` if `quiet` is negative.
    @inlinable
    public func debounced(
        for quiet: Duration, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> DebouncedSequence<Self> {
        guard quiet >= .zero else { throw ArgumentError("quiet", quiet, "it must not be negative") }
        return DebouncedSequence(base: self, quiet: { _ in quiet }, clock: clock)
    }

    /// An element once no other has come for as long as `quiet` says of it; see `debounced(for:clock:)`.
    ///
    /// A negative duration counts as zero: the element comes at once.
    @inlinable
    public func debounced(
        clock: any TimerClock = MonotonicClock(), for quiet: @escaping @Sendable (Element) -> Duration
    ) -> DebouncedSequence<Self> {
        DebouncedSequence(base: self, quiet: quiet, clock: clock)
    }
}

/// Elements that others did not follow soon; made by `debounced(for:clock:)`.
public struct DebouncedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let quiet: @Sendable (Base.Element) -> Duration
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, quiet: @escaping @Sendable (Base.Element) -> Duration, clock: any TimerClock) {
        self.base = base
        self.quiet = quiet
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let quiet: @Sendable (Base.Element) -> Duration
        @usableFromInline var pending: Base.Element?
        @usableFromInline var settled: Base.Element?
        /// Whether what has settled may not be lost, as its time was zero.
        @usableFromInline var isFull = false
        @usableFromInline var deadline: TimerInstant?

        @inlinable
        init(quiet: @escaping @Sendable (Base.Element) -> Duration) { self.quiet = quiet }

        @inlinable static var readsClock: Bool { true }

        @inlinable var isReady: Bool { settled != nil }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) {
            let quiet = quiet(element)
            guard quiet > .zero else {
                pending = nil
                deadline = nil
                settled = element
                isFull = true
                return
            }
            pending = element
            deadline = now.advanced(by: quiet)
        }

        @inlinable
        mutating func timerFired(now: TimerInstant) {
            deadline = nil
            guard let pending else { return }
            settled = pending
            self.pending = nil
        }

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) {
            deadline = nil
            if !failed, let pending { last = pending }
            pending = nil
        }

        /// What waited when the source ended; comes after what has settled.
        @usableFromInline var last: Base.Element?

        @inlinable
        mutating func take(now: TimerInstant) -> Base.Element? {
            isFull = false
            return settled.take() ?? last.take()
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
        AsyncIterator(StageReader(base, Machine(quiet: quiet), clock: clock))
    }
}

@available(*, unavailable)
extension DebouncedSequence.AsyncIterator: Sendable {}
