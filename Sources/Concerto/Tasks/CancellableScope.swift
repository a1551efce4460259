import CConcerto
import ConcertoRuntime

/// Runs `body` in a task of its own, so that it can be cancelled without its caller, and waits for it.
///
/// Swift 6.3 has no narrower scope for cancellation than a task. The task starts in place, without a hop, on the
/// caller's isolation and task executor; the caller's name, task-local values, token, priority and, if `forwards`,
/// cancellation reach it.
///
/// - Parameters:
///   - forwards: Whether a cancellation of the caller cancels the body.
///   - isCancelled: Whether the body starts cancelled.
///   - arm: Given a function that cancels the body; returns what takes that back. The function may be called at any
///     time, also after the body has ended.
///   - body: The body; it cannot throw, and hands its result over by capture.
func withCancellableScope(
    isolation: isolated (any Actor)? = #isolation, forwards: Bool, isCancelled: Bool,
    arm: (@escaping @Sendable () -> Void) -> CancellableScopeArm?,
    body: nonisolated(nonsending) () async -> Void
) async {
    let canceller = ScopeCanceller(isCancelled: isCancelled)
    // Before the body starts: it may compute for as long as nobody cancels it, and only then suspend.
    let armed = isCancelled ? nil : arm { canceller.cancel() }
    await withoutActuallyEscaping(body) { body in
        // The task is awaited before the closure goes, and runs on the caller's isolation.
        nonisolated(unsafe) let body = body
        let flow = Flow.current
        let token = CancellationToken.current
        #if DEBUG
        let identity = FlowIdentity.current
        #endif
        let name = Task.name
        let placement = TaskPlacement.current
        let run = { () async -> Void in
            _ = isolation
            // asynclint:ignore:next unstructured-await — its own cancellation is the point; `forwards` adds the caller's
            let task = Task<Void, Never>.immediate(name: name, executorPreference: placement) {
                _ = isolation
                canceller.begin()
                #if DEBUG
                await FlowIdentity.adopting(identity) {
                    await CancellationToken.adopting(token) { await Flow.adopting(flow, body) }
                }
                #else
                await CancellationToken.adopting(token) { await Flow.adopting(flow, body) }
                #endif
                canceller.end()
            }
            await task.value
        }
        if forwards {
            await withTaskCancellationHandler {
                await run()
            } onCancel: {
                canceller.cancel()
            }
        } else {
            await run()
        }
    }
    armed?.disarm()
}

/// Cancels the task of a scope, from when it has begun until its body has ended; a cancellation that comes before is kept
/// for its beginning.
///
/// It names the task by its address: `Task.immediate` returns a handle only when the body has suspended.
private final class ScopeCanceller: Sendable {
    private enum State {
        case created(isCancelled: Bool)
        /// The task cannot end, and so cannot be freed, before it has left this state under the lock.
        case running(task: UInt)
        case ended
    }

    private let state: Guarded<State>

    init(isCancelled: Bool) { state = Guarded(.created(isCancelled: isCancelled)) }

    /// In the task, first of all.
    func begin() {
        withUnsafeCurrentTask { task in
            guard let task else { return }
            let isCancelled = state.withLock { state in
                let isCancelled = if case .created(isCancelled: true) = state { true } else { false }
                state = .running(task: unsafeBitCast(task, to: UInt.self))
                return isCancelled
            }
            if isCancelled { task.cancel() }
        }
    }

    /// In the task, last of all.
    func end() { state.withLock { $0 = .ended } }

    func cancel() {
        let task = state.withLock { state -> UnsafeMutableRawPointer? in
            switch state {
            case .created: state = .created(isCancelled: true)
            case .running(let address):
                let task = UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
                // It may end while it is being cancelled.
                concerto_object_retain(task)
                return task
            case .ended: break
            }
            return nil
        }
        guard let task else { return }
        concerto_task_cancel(task)
        concerto_object_release(task)
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
