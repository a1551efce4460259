public import ConcertoRuntime
public import Synchronization

extension AsyncSequence {
    /// The same stream, counted: elements, failures, how long loops waited and how long they were busy.
    ///
    /// - Allocates: nothing. An element costs two looks at the clock and three additions.
    /// - Parameters:
    ///   - statistics: Where it is counted; several streams may share one.
    ///   - clock: Measures the times.
    @inlinable
    public func instrumented(
        by statistics: StreamStatistics, clock: any TimerClock = MonotonicClock()
    ) -> InstrumentedSequence<Self> {
        InstrumentedSequence(base: self, statistics: statistics, clock: clock)
    }
}

/// A stream that is counted; made by `instrumented(by:clock:)`.
public struct InstrumentedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let statistics: StreamStatistics
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, statistics: StreamStatistics, clock: any TimerClock) {
        self.base = base
        self.statistics = statistics
        self.clock = clock
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let statistics: StreamStatistics
        @usableFromInline let clock: any TimerClock
        @usableFromInline var came: TimerInstant?

        @inlinable
        init(base: Base.AsyncIterator, statistics: StreamStatistics, clock: any TimerClock) {
            self.base = base
            self.statistics = statistics
            self.clock = clock
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            let asked = clock.now
            if let came {
                statistics.busy.add(came.duration(to: asked).saturatingNanoseconds, ordering: .relaxed)
            } else {
                statistics.iterations.add(1, ordering: .relaxed)
            }
            do throws(Failure) {
                let element = try await base.next(isolation: actor)
                let now = clock.now
                came = now
                statistics.waiting.add(asked.duration(to: now).saturatingNanoseconds, ordering: .relaxed)
                if element != nil { statistics.elements.add(1, ordering: .relaxed) }
                return element
            } catch {
                statistics.failures.add(1, ordering: .relaxed)
                throw error
            }
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), statistics: statistics, clock: clock)
    }
}

extension InstrumentedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension InstrumentedSequence.AsyncIterator: Sendable {}
