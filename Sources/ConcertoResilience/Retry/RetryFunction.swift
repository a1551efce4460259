/// Runs `body` until it succeeds or retrying makes no more sense; see ``Retry`` for what holds.
///
/// ```swift
/// let page = try await retry(maxRetries: 5) { try await client.get("/page") }
/// ```
///
/// A call of this function has no past: without `budget` its retries are limited by `maxRetries` alone. Share a
/// ``RetryBudget``, or better a ``Retry``, per dependency where many calls are made.
@inlinable
nonisolated(nonsending)
    public func retry<T>(
        maxRetries: Int = 3, backoff: Backoff = .exponential(), maxTotalTime: Duration? = nil,
        budget: RetryBudget? = nil, clock: any TimerClock = MonotonicClock(), random: RandomSource = .system,
        shouldRetry: (@Sendable (any Error) -> Bool)? = nil,
        _ body: nonisolated(nonsending) () async throws -> T
    ) async throws -> T
{
    let retry = Retry(
        maxRetries: maxRetries, backoff: backoff, maxTotalTime: maxTotalTime, budget: budget, clock: clock,
        random: random, shouldRetry: shouldRetry)
    return try await retry.execute { _ in try await body() }
}
