/// Runs `body` and cancels it, as Swift's own cancellation does, when `token` is cancelled.
///
/// ```swift
/// try await withCancellation(of: request.token) { try await export() }
/// ```
///
/// - Cancellation: of the token, or of the caller, cancels `body`; it is always waited for. If the token is cancelled
///   already, `body` starts cancelled.
/// - Where it runs: `body` stays on the caller's executor and actor, in a task of its own; task-local values reach it,
///   and ``CancellationToken/current`` is `token`.
/// - Allocates: a task.
/// - Throws: What `body` throws.
nonisolated(nonsending)
    public func withCancellation<Success, Failure: Error>(
        of token: CancellationToken, _ body: nonisolated(nonsending) () async throws(Failure) -> Success
    ) async throws(Failure) -> Success
{
    guard token.canBeCancelled else { return try await body() }
    var result: Result<Success, Failure>?
    await withCancellableScope(forwards: true, isCancelled: token.isCancellationRequested) { cancel in
        .token(token.register(cancel))
    } body: {
        await CancellationToken.$bound.binding(token) {
            do throws(Failure) { result = .success(try await body()) } catch { result = .failure(error) }
        }
    }
    return try result.unsafelyUnwrapped.get()
}
