import CConcerto

extension CancellationToken {
    /// A token, and where the binding that holds it lies in memory.
    ///
    /// **Invariant.** `place` is the address of this very value in the memory of the task that bound it. Children of that
    /// task look it up there; a task that somebody starts on its own (`Task {}`) gets a copy, at another address. So the
    /// token belongs to the task, its scopes and its children, and not to what is left behind.
    private struct Binding: Sendable {
        let token: CancellationToken
        var place: UInt = 0
    }

    /// The token that the nearest enclosing scope bound.
    @TaskLocal private static var bound: Binding = Binding(token: .none)

    /// The token that belongs to the running task: the one given to ``_Concurrency/Task/run(on:name:priority:cancellation:fileID:line:_:)`` or
    /// ``withCancellation(of:_:)``, or made by ``withCancellationToken(_:)``; ``none`` outside of all of them.
    ///
    /// Child tasks (`async let`, groups, Concerto's loops and combinators) have the token of their parent. Tasks that are
    /// started on their own, by `Task {}` or `Task.run`, have none, unless they are given one: they may outlive the scope.
    public static var current: CancellationToken {
        guard let raw = concerto_task_local_get(Unmanaged.passUnretained($bound).toOpaque()) else { return .none }
        let binding = raw.assumingMemoryBound(to: Binding.self).pointee
        return binding.place == UInt(bitPattern: raw) ? binding.token : .none
    }

    /// Runs `body` with `token` as ``current``, on the caller's actor; only inside a task.
    nonisolated(nonsending)
        package static func binding<Success, Failure: Error>(
            _ token: CancellationToken, _ body: nonisolated(nonsending) () async throws(Failure) -> Success
        ) async throws(Failure) -> Success
    {
        try await $bound.binding(Binding(token: token)) { () async throws(Failure) -> Success in
            stamp()
            return try await body()
        }
    }

    /// As ``binding(_:_:)``, for a scope that runs its body in a task of its own: what was current outside stays so.
    nonisolated(nonsending)
        package static func adopting<Success, Failure: Error>(
            _ token: CancellationToken, _ body: nonisolated(nonsending) () async throws(Failure) -> Success
        ) async throws(Failure) -> Success
    {
        guard token.canBeCancelled else { return try await body() }
        return try await binding(token, body)
    }

    /// Writes into the innermost binding where it lies; right after it was made, when nobody else can know of it.
    private static func stamp() {
        guard let raw = concerto_task_local_get(Unmanaged.passUnretained($bound).toOpaque()) else { return }
        UnsafeMutableRawPointer(mutating: raw).assumingMemoryBound(to: Binding.self).pointee.place = UInt(
            bitPattern: raw)
    }
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
/// - Throws: What `body` throws.
nonisolated(nonsending)
    public func withCancellationToken<Success, Failure: Error>(
        _ body: nonisolated(nonsending) (CancellationToken) async throws(Failure) -> Success
    ) async throws(Failure) -> Success
{
    let source = CancellationTokenSource(linkedTo: .current)
    defer { source.dispose() }
    var result: Result<Success, Failure>?
    await withCancellationHandler {
        await CancellationToken.binding(source.token) {
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
