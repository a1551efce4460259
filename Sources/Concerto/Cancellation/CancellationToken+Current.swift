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
    public func withCancellationToken<Success, Failure: Error>(
        _ body: nonisolated(nonsending) (CancellationToken) async throws(Failure) -> Success
    ) async throws(Failure) -> Success
{
    let source = CancellationTokenSource(linkedTo: .current)
    defer { source.dispose() }
    var result: Result<Success, Failure>?
    await withCancellationHandler {
        await CancellationToken.$bound.binding(source.token) {
            do throws(Failure) {
                result = .success(try await body(source.token))
            } catch {
                result = .failure(error)
            }
        }
    } onCancel: {
        source.cancel()
    }
    return try result.unsafelyUnwrapped.get()
}

/// `withTaskCancellationHandler` for a body that inherits the caller's isolation, which 6.3's would lose.
private func withCancellationHandler(
    isolation: isolated (any Actor)? = #isolation, _ body: nonisolated(nonsending) () async -> Void,
    onCancel: @Sendable () -> Void
) async {
    await withTaskCancellationHandler {
        _ = isolation
        await body()
    } onCancel: {
        onCancel()
    }
}
