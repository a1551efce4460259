import ConcertoRuntime

/// Runs `body` in a task of its own, so that it can be cancelled without its caller, and waits for it.
///
/// Swift 6.3 has no narrower scope for cancellation than a task. The task starts in place, without a hop, on the
/// caller's isolation and task executor; task-local values, priority and, if `forwards`, the caller's cancellation
/// reach it.
///
/// - Parameters:
///   - forwards: Whether a cancellation of the caller cancels the body.
///   - isCancelled: Whether the body starts cancelled.
///   - arm: Given a function that cancels the body; returns what takes that back. The function may be called at any
///     time, also after the body has ended.
///   - body: The body; it cannot throw, and hands its result over by capture.
func withCancellableScope(
    isolation: isolated (any Actor)? = #isolation, forwards: Bool, isCancelled: Bool,
    arm: (@escaping @Sendable () -> Void) -> CancellableScopeArm?, body: () async -> Void
) async {
    await withoutActuallyEscaping(body) { body in
        // The task is awaited before the closure goes, and runs on the caller's isolation.
        nonisolated(unsafe) let body = body
        let startsCancelled = isCancelled || (forwards && Task.isCancelled)
        let task = Task<Void, Never>.immediate(executorPreference: TaskPlacement.current) {
            _ = isolation
            if startsCancelled { withUnsafeCurrentTask { $0?.cancel() } }
            await body()
        }
        let armed = startsCancelled ? nil : arm { task.cancel() }
        if forwards {
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        } else {
            await task.value
        }
        armed?.disarm()
    }
}

/// What can cancel a scope from outside, until the body has ended.
enum CancellableScopeArm {
    case timer(any ScheduledTimer)
    case token(CancellationTokenRegistration)
    case task(Task<Void, Never>)

    func disarm() {
        switch self {
        case .timer(let timer): timer.cancel()
        case .token(let registration): registration.unregister()
        case .task(let task): task.cancel()
        }
    }
}
