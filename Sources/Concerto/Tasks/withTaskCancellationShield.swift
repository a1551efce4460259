#if compiler(<6.4)
/// Runs `body` so that it does not see the cancellation of its task: SE-0504, in Swift itself from 6.4 on.
///
/// For clean-up that has to be done also, and especially, when everything else has been cancelled.
/// - Cancellation: is not seen inside, whether it comes before or meanwhile; the caller sees it afterwards.
/// - Where it runs: `body` stays on the caller's executor and actor, in a task of its own; task-local values reach it.
/// - Allocates: a task.
/// - Throws: What `body` throws.
nonisolated(nonsending)
    public func withTaskCancellationShield<Success, Failure: Error>(
        _ body: nonisolated(nonsending) () async throws(Failure) -> Success
    ) async throws(Failure) -> Success
{
    var result: Result<Success, Failure>?
    await withCancellableScope(forwards: false, isCancelled: false) { _ in
        nil
    } body: {
        do throws(Failure) { result = .success(try await body()) } catch { result = .failure(error) }
    }
    return try result.unsafelyUnwrapped.get()
}

/// Runs `body`, which does not suspend, so that it does not see the cancellation of its task.
///
/// - Cancellation: is not seen inside, whether it comes before or meanwhile; the caller sees it afterwards.
/// - Where it runs: in place, on the caller's actor; in a task of its own, which has ended when this returns.
/// - Allocates: a task, if it is called in one.
/// - Throws: What `body` throws.
public func withTaskCancellationShield<Success, Failure: Error>(
    isolation: isolated (any Actor)? = #isolation, _ body: () throws(Failure) -> Success
) throws(Failure) -> Success {
    // Also where nothing is cancelled yet: it may be while `body` runs.
    guard withUnsafeCurrentTask(body: { $0 != nil }) else { return try body() }
    var result: Result<Success, Failure>?
    withoutActuallyEscaping({
        do throws(Failure) { result = .success(try body()) } catch { result = .failure(error) }
    }) { body in
        // A task that starts in place and never suspends has ended when `immediate` returns.
        nonisolated(unsafe) let body = body
        let token = CancellationToken.current
        #if DEBUG
        let identity = FlowIdentity.current
        #endif
        // It starts in place on the actor that this code runs on anyhow; without the isolation it would be on none.
        Task<Void, Never>.immediate(name: Task.name) {
            _ = isolation
            #if DEBUG
            await FlowIdentity.adopting(identity) { await CancellationToken.adopting(token) { body() } }
            #else
            await CancellationToken.adopting(token) { body() }
            #endif
        }
    }
    return try result.unsafelyUnwrapped.get()
}
#endif
