/// What a stream does with an element that comes before its turn.
public enum RateLimitedMode: Sendable, Hashable {
    /// The element waits.
    case shaping
    /// The stream fails with ``RateLimiterRejectedError``.
    case enforcing
}

extension AsyncSequence {
    /// The elements as fast as `limiter` lets them pass: they wait, and none is dropped.
    ///
    /// Several streams and calls may share a limiter.
    /// - Cancellation: ends the wait for the source or the limiter with `CancellationError`.
    /// - Where it runs: on the caller's executor.
    /// - Ordering: of the source.
    /// - Allocates: an object for an element that waits.
    /// - Parameters:
    ///   - limiter: Lets them pass.
    ///   - mode: Whether an element that is early waits or is a failure.
    ///   - cost: How many permits an element takes; one that takes less than 1 passes freely.
    /// - Throws: while it is read what the source throws; ``RateLimiterRejectedError``, also for an element that costs more than
    ///   passes at once.
    public func rateLimited(
        by limiter: RateLimiter, _ mode: RateLimitedMode = .shaping,
        cost: @escaping @Sendable (Element) -> Int = { _ in 1 }
    ) -> RateLimitedSequence<Self> {
        RateLimitedSequence(base: self, limiter: limiter, mode: mode, cost: cost)
    }
}

/// A stream at a limited rate; made by `rateLimited(by:_:cost:)`.
public struct RateLimitedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws, ``RateLimiterRejectedError``, or `CancellationError`.
    public typealias Failure = any Error

    let base: Base
    let limiter: RateLimiter
    let mode: RateLimitedMode
    let cost: @Sendable (Base.Element) -> Int

    /// Starts to read the source.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), limiter: limiter, mode: mode, cost: cost)
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Base.AsyncIterator
        let limiter: RateLimiter
        let mode: RateLimitedMode
        let cost: @Sendable (Base.Element) -> Int
        var isThrough = false

        /// The next element.
        public mutating func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next element.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if isThrough { return nil }
            do {
                if let element = try await base.next(isolation: actor) {
                    let cost = cost(element)
                    guard cost >= 1, !limiter.tryAcquire(cost) else { return element }
                    switch mode {
                    case .shaping: try await limiter.acquire(cost)
                    case .enforcing:
                        throw RateLimiterRejectedError(
                            reason: cost > limiter.limit.burst ? .exceedsLimit : .queueFull,
                            retryAfter: limiter.retryAfter(cost), limiter: nil)
                    }
                    return element
                }
            } catch {
                isThrough = true
                throw error
            }
            isThrough = true
            return nil
        }
    }
}

extension RateLimitedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension RateLimitedSequence.AsyncIterator: Sendable {}
