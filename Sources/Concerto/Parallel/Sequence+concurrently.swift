extension Sequence where Element: Sendable {
    /// Calls `transform` for every element, at most `limit` at a time, and returns the results.
    ///
    /// ```swift
    /// let names = try await (1...1_000).mapConcurrently(limit: 32) { try await users.name(of: $0) }
    /// ```
    ///
    /// The sequence is read lazily, one element when a worker is free for it. At the first failure nothing more is
    /// read, the bodies in flight are cancelled and waited for, and all failures come out.
    /// - Cancellation: of the caller or the token cancels the bodies in flight, waits for them and throws
    ///   `CancellationError`, whatever failed before (that goes to `TaskHandle.onUnobservedError`).
    /// - Where it runs: in `limit` child tasks at most, on the caller's task executor; on the pool if that is a
    ///   context. `next()` of the sequence runs in whichever is free, one at a time.
    /// - Ordering: results in the order of the elements; with `ordered: false` in the order in which they came.
    /// - Allocates: a task per worker and the results; nothing per element.
    /// - Parameters:
    ///   - limit: How many at a time, at least 1.
    ///   - ordered: Whether the results are in the order of the elements.
    ///   - cancellation: Cancels the loop, as the cancellation of the caller does.
    ///   - transform: What to do with an element.
    /// - Throws: ``AggregateError`` with every failure in the order in which they happened; cancellations of bodies
    ///   that came after the first failure are left out. `CancellationError`. ``ArgumentError`` if `limit` is below 1.
    @inlinable
    nonisolated(nonsending)
        public func mapConcurrently<Value: Sendable>(
            limit: Int, ordered: Bool = true, cancellation: CancellationToken = .none,
            _ transform: @Sendable (Element) async throws -> Value
        ) async throws -> [Value]
    {
        let results = ResultBuffer<Value>()
        try await runWorkers(SequenceLoop(makeIterator()), limit: limit, cancellation: cancellation) { loop, first in
            await pull(from: loop, first, into: results, ordered: ordered, transform)
        }
        return results.take()
    }

    /// Calls `body` for every element, at most `limit` at a time, in constant memory.
    ///
    /// See ``mapConcurrently(limit:ordered:cancellation:_:)``.
    @inlinable
    nonisolated(nonsending)
        public func forEachConcurrently(
            limit: Int, cancellation: CancellationToken = .none, _ body: @Sendable (Element) async throws -> Void
        ) async throws
    {
        try await runWorkers(SequenceLoop(makeIterator()), limit: limit, cancellation: cancellation) { loop, first in
            await pull(from: loop, first, body)
        }
    }
}
