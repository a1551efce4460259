public import Concerto

extension AsyncSequence where Self: Sendable {
    /// Opens this stream anew where it fails, after a pause; what has been delivered stays delivered.
    ///
    /// ```swift
    /// for try await quote in feed.retry(maxRetries: 5, backoff: .exponential(base: .milliseconds(100))) { … }
    /// ```
    ///
    /// Each opening is an iteration from the start: a source that should go on where it broke has to remember where that
    /// was. What the loop itself throws never comes here, and a loop whose task has been cancelled ends.
    ///
    /// - Cancellation: ends the pause with `CancellationError` where the stream's failure can be one, else the stream; never
    ///   retried. Of a failure that the source threw because it was cancelled the same is true.
    /// - Where it runs: on the caller's executor.
    /// - Ordering: of the source, opening after opening.
    /// - Allocates: what the source's iterator does, for each opening.
    /// - Parameters:
    ///   - maxRetries: How often to open it anew; retries, not attempts.
    ///   - backoff: The pauses.
    ///   - resetAfter: An opening that held so long counts as a new beginning, with all retries; `nil` never.
    ///   - clock: Measures the pauses and `resetAfter`.
    ///   - random: Draws the jitter of the pauses.
    ///   - shouldRetry: Whether a failure is worth it; by default all are.
    /// - Throws: `ArgumentError` if `maxRetries` or `resetAfter` is negative, or `backoff` cannot work; while it is read the
    ///   failure after the last retry.
    public func retry(
        maxRetries: Int, backoff: Backoff = .exponential(), resetAfter: Duration? = nil,
        clock: any TimerClock = MonotonicClock(), random: RandomSource = .system,
        where shouldRetry: @escaping @Sendable (Failure) -> Bool = { _ in true }
    ) throws(ArgumentError) -> RetriedSequence<Self> {
        guard maxRetries >= 0 else { throw ArgumentError("maxRetries", maxRetries, "it must not be negative") }
        if let resetAfter, resetAfter < .zero {
            throw ArgumentError("resetAfter", resetAfter, "it must not be negative")
        }
        do throws(InvalidOptionsError) { try backoff.validate() } catch {
            let problem = error.problems[0]
            throw ArgumentError("backoff.\(problem.field)", problem.value, "it must be \(problem.requirement)")
        }
        return RetriedSequence(
            base: self, maxRetries: maxRetries, backoff: backoff, resetAfter: resetAfter, clock: clock, random: random,
            shouldRetry: shouldRetry)
    }
}

/// A stream that is opened anew where it fails; made by `retry(maxRetries:backoff:resetAfter:clock:random:where:)`.
public struct RetriedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    let base: Base
    let maxRetries: Int
    let backoff: Backoff
    let resetAfter: Duration?
    let clock: any TimerClock
    let random: RandomSource
    let shouldRetry: @Sendable (Failure) -> Bool

    /// Opens the source, with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let sequence: RetriedSequence
        private var base: Base.AsyncIterator?
        private var openedAt: TimerInstant?
        private var retries = 0
        private var pauses = Backoff.State()
        private var isThrough = false

        init(_ sequence: RetriedSequence) { self.sequence = sequence }

        /// The next element.
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            while !isThrough {
                do throws(Failure) {
                    if base == nil {
                        base = sequence.base.makeAsyncIterator()
                        openedAt = sequence.clock.now
                    }
                    if let element = try await base?.next(isolation: actor) { return element }
                    isThrough = true
                } catch {
                    // The source goes before the pause: it is not kept open for nothing.
                    base = nil
                    guard let pause = pause(after: error) else {
                        isThrough = true
                        throw error
                    }
                    do { try await sequence.clock.sleep(for: pause) } catch let cancellation {
                        isThrough = true
                        if let failure = cancellation as? Failure { throw failure }
                    }
                }
            }
            return nil
        }

        /// How long to wait before the next opening; `nil` if there is none.
        private mutating func pause(after error: Failure) -> Duration? {
            if Task.isCancelled || !sequence.shouldRetry(error) { return nil }
            if let resetAfter = sequence.resetAfter, let openedAt,
                openedAt.duration(to: sequence.clock.now) >= resetAfter
            {
                retries = 0
                pauses = Backoff.State()
            }
            guard retries < sequence.maxRetries else { return nil }
            defer { retries += 1 }
            let random = sequence.random
            return sequence.backoff.delay(beforeRetry: retries, state: &pauses) { random.nextUnit() }
        }
    }
}

@available(*, unavailable)
extension RetriedSequence.AsyncIterator: Sendable {}
