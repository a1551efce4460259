#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Loops whose bodies run at the same time; .NET's names for `forEachConcurrently`.
public enum Parallel {
    /// How many bodies run at a time unless said otherwise: the number of processors.
    public static let defaultConcurrency = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Calls `body` for every element of `source`, at most `maxConcurrency` at a time.
    ///
    /// See ``Swift/Sequence/forEachConcurrently(limit:cancellation:_:)`` for cancellation, order and errors.
    /// - Parameters:
    ///   - source: Read lazily, one element when a body is free for it.
    ///   - maxConcurrency: At least 1; `nil` is ``defaultConcurrency``.
    ///   - cancellation: Cancels the loop.
    ///   - body: What to do with an element.
    @inlinable
    nonisolated(nonsending)
        public static func forEach<Source: Sequence>(
            _ source: Source, maxConcurrency: Int? = nil, cancellation: CancellationToken = .none,
            _ body: @Sendable (Source.Element) async throws -> Void
        ) async throws where Source.Element: Sendable
    {
        try await source.forEachConcurrently(
            limit: maxConcurrency ?? defaultConcurrency, cancellation: cancellation, body)
    }

    /// Calls `body` for every element of `source`, at most `maxConcurrency` at a time.
    ///
    /// See ``_Concurrency/AsyncSequence/forEachConcurrently(limit:cancellation:_:)`` for where the source is read, and for
    /// cancellation, order and errors.
    /// - Parameters:
    ///   - source: Read by the caller, one element when a body is free for it.
    ///   - maxConcurrency: At least 1; `nil` is ``defaultConcurrency``.
    ///   - cancellation: Cancels the loop.
    ///   - body: What to do with an element.
    nonisolated(nonsending)
        public static func forEach<Source: AsyncSequence>(
            _ source: Source, maxConcurrency: Int? = nil, cancellation: CancellationToken = .none,
            _ body: @Sendable (Source.Element) async throws -> Void
        ) async throws where Source.Element: Sendable
    {
        try await source.forEachConcurrently(
            limit: maxConcurrency ?? defaultConcurrency, cancellation: cancellation, body)
    }
}
