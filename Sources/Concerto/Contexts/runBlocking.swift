import CConcerto
import ConcertoRuntime
import Dispatch

/// Runs asynchronous code from synchronous code and waits for its result.
///
/// ```swift
/// func legacyCallback() -> Int32 { (try? runBlocking { try await tool() }) ?? 1 }
/// ```
///
/// What happens to the waiting thread:
///
/// - A thread of a ``/ConcertoRuntime/ThreadPool`` is replaced while it waits, so that no other task loses a thread.
/// - The thread of a ``SynchronizationContext`` pumps its context: all of its jobs, so that other code of the context,
///   and the actors that live on it, can run in the middle of the synchronous call.
/// - The main thread pumps the main actor and libdispatch's main queue in the same way, where
///   `ThreadPool.installAsDefault()` has taken the main loop, or outside of any task; in a task on the stock main actor,
///   whichever thread that is on, it cannot be pumped, and the call throws ``DeadlockError`` instead of hanging.
/// - Any other thread sleeps.
///
/// - Cancellation: of the calling task, if there is one, cancels `operation`, before the call and for as long as it
///   lasts; so does ``CancellationToken/current`` of the caller. The call returns when `operation` has ended.
/// - Where it runs: `operation` runs on the context, if the thread has one; else on the process's executor. Task-local
///   values flow in.
/// - Allocates: a task.
/// - Throws: What `operation` throws; ``DeadlockError``. A wait that closes a cycle through locks, semaphores and
///   `runBlocking` throws it inside `operation`.
@available(*, noasync, message: "in asynchronous code await the operation; runBlocking blocks the thread")
public func runBlocking<Success: Sendable>(
    fileID: StaticString = #fileID, line: UInt = #line,
    _ operation: @escaping @Sendable () async throws -> Success
) throws -> Success {
    WaitGraph.activate()
    let place = try BlockedPlace.current(at: "\(fileID):\(line)")
    let call = BlockingCall<Success>(place: place)
    let flow = Flow.blocking(at: WaitGraph.Site(fileID: fileID, line: line))
    let startsCancelled = Task.isCancelled
    let task = Task<Void, Never>(executorPreference: place.executor) {
        if startsCancelled { withUnsafeCurrentTask { $0?.cancel() } }
        let result: Result<Success, any Error>
        do { result = .success(try await Flow.adopting(flow) { try await operation() }) } catch {
            result = .failure(error)
        }
        call.finish(result)
    }
    let registration = CancellationToken.current.register { task.cancel() }
    CallbackTrampoline.setAside {
        withForwardedCancellation(to: task) { place.wait(for: call.event) { call.isFinished } }
    }
    registration.unregister()
    return try call.take().get()
}

/// Runs `body`; a cancellation of the running task, if there is one, cancels `task` meanwhile.
///
/// The watch takes from the stack of memory of the running task. Nothing else of that task runs before `body` returns: what
/// a pumping `body` runs are other tasks.
private func withForwardedCancellation(to task: Task<Void, Never>, _ body: () -> Void) {
    guard concerto_task_current() != nil else { return body() }
    final class Target: Sendable {
        let task: Task<Void, Never>
        init(_ task: Task<Void, Never>) { self.task = task }
    }
    let target = Target(task)
    let watch = concerto_cancellation_watch(
        { Unmanaged<Target>.fromOpaque($0).takeUnretainedValue().task.cancel() },
        Unmanaged.passUnretained(target).toOpaque())
    body()
    // Returns only when the handler is not running.
    concerto_cancellation_unwatch(watch)
    withExtendedLifetime(target) {}
}

/// Where a thread is that wants to wait synchronously, and how it can.
enum BlockedPlace: Sendable {
    case context(SynchronizationContext)
    case mainLoop
    case thread

    static func current(at site: @autoclosure () -> String) throws -> BlockedPlace {
        if let context = SynchronizationContext.current { return .context(context) }
        if _PoolInternals.canPumpMainLoop { return .mainLoop }
        guard StockMainActor.mayRunHere else { return .thread }
        // Outside of a task nothing of the main actor is on the stack, and libdispatch's main queue can be pumped.
        let isInTask = withUnsafeCurrentTask { $0 != nil }
        #if os(Linux)
        if !isInTask { return _PoolInternals.isMainThread ? .mainLoop : .thread }
        #else
        if !isInTask { return .thread }
        #endif
        throw DeadlockError(cycle: [
            "runBlocking at \(site()) would block the main actor inside one of its tasks,",
            "and work that needs the main actor could never run. Make ThreadPool.installAsDefault() the first",
            "statement of main, so that the main thread can be pumped, or await the operation.",
        ])
    }

    var executor: (any TaskExecutor)? {
        switch self {
        case .context(let context): context
        // On the stock executor a blocked thread is gone: what it waits for must not need another one of them.
        case .mainLoop, .thread: ThreadPool.default == nil ? Self.fallback : nil
        }
    }

    // `nil` only where there are no pools at all: then it is the stock executor after all.
    private static let fallback = try? ThreadPool(ThreadPool.Configuration(name: "conc-block"))

    func wait(for event: ThreadEvent, isFinished: () -> Bool) {
        switch self {
        case .context(let context): context.pumpOnly(until: isFinished)
        case .mainLoop: _PoolInternals.pumpMainLoop(until: isFinished)
        case .thread: withBlocking { event.wait() }
        }
    }

    func wakeUp() {
        switch self {
        case .context(let context): context.wakeUp()
        case .mainLoop: _PoolInternals.wakeMainLoop()
        case .thread: break
        }
    }
}

/// Swift's own main actor: it runs on the main thread until `main` suspends for the first time, and then wherever
/// libdispatch drains its main queue.
private enum StockMainActor {
    private static let key = DispatchSpecificKey<Bool>()
    private static let isMarked: Void = DispatchQueue.main.setSpecific(key: key, value: true)

    static var mayRunHere: Bool {
        isMarked
        return _PoolInternals.isMainThread || DispatchQueue.getSpecific(key: key) == true
    }
}

/// One `runBlocking`, shared by the waiting thread and the task it waits for.
private final class BlockingCall<Success: Sendable>: Sendable {
    private let result = Guarded<Result<Success, any Error>?>(nil)
    private let place: BlockedPlace
    let event = ThreadEvent()

    init(place: BlockedPlace) {
        self.place = place
    }

    var isFinished: Bool { result.withLock { $0 != nil } }

    func finish(_ result: Result<Success, any Error>) {
        self.result.withLock { $0 = result }
        event.signal()
        place.wakeUp()
    }

    func take() -> Result<Success, any Error> { result.withLock { $0.unsafelyUnwrapped } }
}
