public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The elements, as long as none of them takes longer than `limit` to come.
    ///
    /// What counts is the time between the loop's asking and the element: what the loop itself takes does not. An element that
    /// is ready arms no timer.
    /// - Cancellation: of the iterating task cancels the source and waits for it.
    /// - Where it runs: the source in a task of its own, step by step on the loop's thread, as a generator's body.
    /// - Allocates: a task and three objects; an object and a timer for an element that is waited for.
    ///
    /// When the time is over the source is cancelled and awaited; then comes `TimeoutError`, or what the source
    /// itself throws, if that is something else than `CancellationError`.
    /// - Throws: `ArgumentError` if `limit` is not positive.
    public func timeout(
        _ limit: Duration, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> TimeoutSequence<Self> {
        guard limit > .zero else { throw ArgumentError("limit", limit, "it must be positive") }
        return TimeoutSequence(base: self, rule: .each(limit), clock: clock)
    }

    /// The elements, if the first one comes within `limit`; see `timeout(_:clock:)`.
    public func timeout(
        firstElement limit: Duration, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> TimeoutSequence<Self> {
        guard limit > .zero else { throw ArgumentError("firstElement", limit, "it must be positive") }
        return TimeoutSequence(base: self, rule: .first(limit), clock: clock)
    }

    /// The elements that come before `instant`, and then `TimeoutError`, unless the source has ended; see
    /// `timeout(_:clock:)`.
    public func deadline(_ instant: TimerInstant, clock: any TimerClock = MonotonicClock()) -> TimeoutSequence<Self> {
        TimeoutSequence(base: self, rule: .absolute(instant), clock: clock)
    }
}

/// A stream that is not waited for longer than allowed; made by `timeout(_:clock:)`.
public struct TimeoutSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws, or `TimeoutError`.
    public typealias Failure = any Error

    @usableFromInline
    enum Rule: Sendable {
        case each(Duration)
        case first(Duration)
        case absolute(TimerInstant)
    }

    @usableFromInline let base: Base
    @usableFromInline let rule: Rule
    @usableFromInline let clock: any TimerClock

    @usableFromInline
    init(base: Base, rule: Rule, clock: any TimerClock) {
        self.base = base
        self.rule = rule
        self.clock = clock
    }

    /// Yields the elements.
    public final class AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let core: GeneratorCore<Element>
        @usableFromInline let rule: Rule
        @usableFromInline let clock: any TimerClock
        @usableFromInline var isThrough = false
        @usableFromInline var isStarted = false
        @usableFromInline var hasElement = false

        @inlinable
        init(_ sequence: TimeoutSequence) {
            let base = sequence.base
            core = GeneratorCore(ahead: 1) { yield in
                var iterator = base.makeAsyncIterator()
                while let element = try await iterator.next(isolation: nil) { try await yield(element) }
            }
            rule = sequence.rule
            clock = sequence.clock
        }

        @inlinable
        deinit { if isStarted { core.leave() } }

        /// The next element.
        @inlinable
        public func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next element.
        ///
        /// - Throws: `TimeoutError`; what the source throws; `CancellationError`.
        @inlinable
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if isThrough { return nil }
            if isCurrentTaskCancelled() {
                isThrough = true
                if isStarted { core.leave() }
                throw CancellationError()
            }
            let isFirst = !isStarted
            if isFirst {
                isStarted = true
                core.start()
            }
            // A hot source is ready even where the time is over: then the element counts.
            switch core.step(isFirst: isFirst) {
            case .parked: return took()
            case .ended: return try finish()
            case .suspended: return try await waitLimited()
            }
        }

        @inlinable
        func took() -> Element? {
            hasElement = true
            return core.slot.take()
        }

        @usableFromInline
        nonisolated(nonsending)
            func waitLimited() async throws -> Element?
        {
            let limit: Duration
            let deadline: TimerInstant
            switch rule {
            case .each(let duration):
                limit = duration
                deadline = clock.now.advanced(by: duration)
            case .first(let duration):
                limit = duration
                deadline = hasElement ? .distantFuture : clock.now.advanced(by: duration)
            case .absolute(let instant):
                limit = clock.now.duration(to: instant)
                deadline = instant
            }
            var isLate = false
            if deadline == .distantFuture {
                await core.wait()
            } else {
                isLate = await core.sleeper.wait(WaitLimit(deadline: deadline, clock: clock))
            }
            guard isLate else {
                if let element = took() { return element }
                return try finish()
            }
            isThrough = true
            core.sleeper.task?.cancel()
            // It is cancelled, so `yield` throws: it cannot come back with an element.
            await core.wait()
            if let failure = core.failure, !(failure is CancellationError) { throw failure }
            if isCurrentTaskCancelled() { throw CancellationError() }
            throw TimeoutError(limit: limit, operation: "the next element of a stream")
        }

        @usableFromInline
        func finish() throws -> Element? {
            isThrough = true
            if let failure = core.failure { throw failure }
            if isCurrentTaskCancelled() { throw CancellationError() }
            return nil
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

@available(*, unavailable)
extension TimeoutSequence.AsyncIterator: Sendable {}
