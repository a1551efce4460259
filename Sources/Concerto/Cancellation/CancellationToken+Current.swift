extension CancellationToken {
    /// The token that the nearest enclosing scope bound; task-local, so that it also reaches bodies that scopes such as
    /// `withDeadline` run in another task.
    @TaskLocal static var bound: CancellationToken = .none

    /// The token that belongs to the running task: the one given to ``_Concurrency/Task/run(on:name:priority:cancellation:fileID:line:_:)`` or
    /// ``withCancellation(of:_:)``, or made by ``withCancellationToken(_:)``; ``none`` outside of all of them.
    public static var current: CancellationToken { bound }
}

/// Runs `body` with a token that is cancelled when the running task is: Swift's cancellation for code that takes a
/// token.
///
/// ```swift
/// try await withCancellationToken { token in try await legacy.download(url, cancellation: token) }
/// ```
///
/// - Cancellation: of the task cancels the token, and runs its callbacks on the thread that cancels. A token that an
///   outer scope bound (``CancellationToken/current``) cancels it too.
/// - Where it runs: `body` stays on the caller's executor.
/// - Allocates: the token's source.
nonisolated(nonsending)
    public func withCancellationToken<Success>(
        _ body: nonisolated(nonsending) (CancellationToken) async throws -> Success
    ) async rethrows -> Success
{
    let source = CancellationTokenSource(linkedTo: .current)
    defer { source.dispose() }
    return try await withTaskCancellationHandler {
        try await CancellationToken.$bound.withValue(source.token) { try await body(source.token) }
    } onCancel: {
        source.cancel()
    }
}
