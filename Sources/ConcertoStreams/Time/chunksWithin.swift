public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Arrays of `count` elements, or of what has come within `limit` of the first of them.
    ///
    /// No element waits longer than `limit` for others, and no chunk is empty. What has been gathered comes at the end, and
    /// before a failure. While the loop is busy the source is read on until a chunk is full.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Allocates: a task and one timer.
    /// - Throws: `ArgumentError` if `count` is below 1 or `limit` is negative.
    @inlinable
    public func chunks(
        of count: Int, within limit: Duration, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> TimedChunkedSequence<Self> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        guard limit >= .zero else { throw ArgumentError("limit", limit, "it must not be negative") }
        return TimedChunkedSequence(base: self, count: count, limit: limit, weight: nil, clock: clock)
    }

    /// Arrays whose elements weigh `weight` together at most, or of what has come within `limit` of the first of them.
    ///
    /// An element that weighs more than that is a chunk of its own.
    /// - Parameters:
    ///   - weight: What a chunk weighs at most.
    ///   - limit: How long an element waits for others.
    ///   - clock: Measures `limit`.
    ///   - weigh: What an element weighs; not negative.
    @inlinable
    public func chunks(
        weighing weight: Int, within limit: Duration, clock: any TimerClock = MonotonicClock(),
        by weigh: @escaping @Sendable (Element) -> Int
    ) throws(ArgumentError) -> TimedChunkedSequence<Self> {
        guard weight >= 1 else { throw ArgumentError("weight", weight, "it must be at least 1") }
        guard limit >= .zero else { throw ArgumentError("limit", limit, "it must not be negative") }
        return TimedChunkedSequence(base: self, count: weight, limit: limit, weight: weigh, clock: clock)
    }
}

/// Arrays of elements that came in time; made by `chunks(of:within:clock:)`.
public struct TimedChunkedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = [Base.Element]
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let count: Int
    @usableFromInline let limit: Duration
    @usableFromInline let weight: (@Sendable (Base.Element) -> Int)?
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(base: Base, count: Int, limit: Duration, weight: (@Sendable (Base.Element) -> Int)?, clock: any TimerClock) {
        self.base = base
        self.count = count
        self.limit = limit
        self.weight = weight
        self.clock = clock
    }

    @usableFromInline
    struct Machine: StageMachine {
        @usableFromInline let count: Int
        @usableFromInline let limit: Duration
        @usableFromInline let weight: (@Sendable (Base.Element) -> Int)?
        @usableFromInline var chunk: [Base.Element] = []
        @usableFromInline var total = 0
        /// A heavy element that has to wait for the chunk before it to go.
        @usableFromInline var next: (element: Base.Element, weight: Int)?
        @usableFromInline var isReady = false
        @usableFromInline var hasEnded = false
        @usableFromInline var deadline: TimerInstant?

        @inlinable
        init(count: Int, limit: Duration, weight: (@Sendable (Base.Element) -> Int)?) {
            self.count = count
            self.limit = limit
            self.weight = weight
        }

        // Only the first element of a chunk wants the time, but which one is the first is known under the lock only.
        @inlinable static var readsClock: Bool { true }
        @inlinable var isFull: Bool { next != nil || total >= count }

        @inlinable
        mutating func receive(_ element: Base.Element, now: TimerInstant) {
            let weight = Swift.max(0, weight?(element) ?? 1)
            if !chunk.isEmpty, weight > count - total {
                next = (element, weight)
                isReady = true
                deadline = nil
                return
            }
            add(element, weight, now)
        }

        @inlinable
        mutating func add(_ element: Base.Element, _ weight: Int, _ now: TimerInstant) {
            if chunk.isEmpty {
                deadline = now.advanced(by: limit)
                // Room for what is likely to come, and not for a count that only stands for "as many as there are".
                chunk.reserveCapacity(Swift.min(count, 1_024))
            }
            chunk.append(element)
            total = weight > count - total ? count : total + weight
            if total >= count {
                isReady = true
                deadline = nil
            }
        }

        @inlinable
        mutating func timerFired(now: TimerInstant) {
            deadline = nil
            isReady = !chunk.isEmpty
        }

        @inlinable
        mutating func finish(failed: Bool, now: TimerInstant) {
            deadline = nil
            hasEnded = true
            isReady = !chunk.isEmpty
        }

        @inlinable
        mutating func take(now: TimerInstant) -> [Base.Element]? {
            guard isReady else { return nil }
            let full = chunk
            chunk = []
            total = 0
            isReady = false
            if let next {
                self.next = nil
                add(next.element, next.weight, now)
                if hasEnded {
                    isReady = true
                    deadline = nil
                }
            }
            return full
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
        AsyncIterator(StageReader(base, Machine(count: count, limit: limit, weight: weight), clock: clock))
    }
}

@available(*, unavailable)
extension TimedChunkedSequence.AsyncIterator: Sendable {}
