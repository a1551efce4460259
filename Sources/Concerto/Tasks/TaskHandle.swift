import ConcertoRuntime
public import Synchronization

/// A task that can be looked at: with a status, a result once it has ended, any number of awaiters and callbacks, and
/// a word about errors that nobody asked for. .NET's `Task<T>` where Swift's `Task` falls short.
///
/// ```swift
/// let report = Task.run(name: "report") { try await makeReport() }
/// report.status                       // .running
/// let page = try await report.value
/// ```
///
/// - Cancellation: ``cancel()`` asks the body to stop, as `Task.cancel()` does; a body that has not started never
///   will. Waiting for ``value`` is not interrupted by a cancellation of the waiter; ``Awaitable/wait(timeout:clock:cancellation:)`` is.
/// - Where it runs: see ``_Concurrency/Task/run(on:name:priority:cancellation:fileID:line:_:)``. Awaiters resume on their
///   own executor and never inside the call that ends the task.
/// - Ordering: awaiters become runnable in the order in which they began to wait.
/// - Allocates: the handle, Swift's task, and one object for each awaiter that has to wait. Reading ``value`` of a
///   task that has ended allocates nothing, and neither suspends nor hops.
///
/// If the task fails and nobody ever awaits it or asks for its ``result``, its error goes to
/// `TaskHandle.onUnobservedError` when the last reference goes.
public final class TaskHandle<Success: Sendable>: Awaitable, WaiterHost, @unchecked Sendable {
    // Sendable: `stored` is written once, under the lock of `state`, before the final status is published in `phase`
    // with a releasing store; it is read only after an acquiring load has seen that status.

    struct State: ~Copyable {
        var waiters = WaiterQueue()
        var callbacks = CompletionCallbackList<Success>()
        var canceller: (@Sendable () -> Void)?
        var cancelRequested = false
        var body: TaskBody<Success>?
        var registration = CancellationTokenRegistration()
    }

    @usableFromInline let phase: Atomic<UInt8>
    @usableFromInline var stored: Result<Success, any Error>?
    private let observed = Atomic(false)
    let state: Guarded<State>
    let metadata: TaskMetadata

    #if DEBUG
    private let ledger = LeakLedger.current
    #endif

    init(promiseNamed name: String?, status: TaskStatus = .waiting, fileID: StaticString = #fileID, line: UInt = #line)
    {
        phase = Atomic(status.rawValue)
        metadata = TaskMetadata(name: name, fileID: fileID, line: line)
        state = Guarded(State())
        #if DEBUG
        ledger?.tasks.add(1, ordering: .relaxed)
        #endif
    }

    init(outcome: Result<Success, any Error>, fileID: StaticString = #fileID, line: UInt = #line) {
        stored = outcome
        phase = Atomic(Self.status(of: outcome).rawValue)
        metadata = TaskMetadata(name: nil, fileID: fileID, line: line)
        state = Guarded(State())
        #if DEBUG
        ledger?.tasks.add(1, ordering: .relaxed)
        #endif
    }

    deinit {
        #if DEBUG
        ledger?.tasks.subtract(1, ordering: .relaxed)
        #endif
        // A task that was dropped before it ended: its callbacks may hold the next one of a chain of any length.
        if !isCompleted { CallbackTrampoline.release(state.withLock { $0.callbacks.removeAll() }) }
        guard case .failure(let error) = stored, !observed.load(ordering: .acquiring) else { return }
        UnobservedError.raise(error, from: metadata.description)
    }

    /// A number that no other handle of this process has.
    public var id: UInt64 { metadata.id }

    /// The name it was given.
    public var name: String? { metadata.name }

    /// Where it was created, as `Module/File.swift:line`.
    public var creationSite: String { metadata.site }

    /// Where the task stands. Asking does not count as having observed an error.
    @inlinable
    public var status: TaskStatus { TaskStatus(rawValue: phase.load(ordering: .acquiring)).unsafelyUnwrapped }

    /// Whether the task has ended, in whichever way.
    @inlinable
    public var isCompleted: Bool { phase.load(ordering: .acquiring) >= TaskStatus.succeeded.rawValue }

    /// How the task ended, or `nil` while it has not. Asking counts as having observed an error.
    @inlinable
    public var result: Result<Success, any Error>? {
        guard isCompleted else { return nil }
        if case .failure = stored { markObserved() }
        return stored
    }

    /// The value, once the task has ended; at once, without suspending or hopping, if it has.
    ///
    /// - Throws: What the body threw; `CancellationError` if the task was cancelled.
    @inlinable
    nonisolated(nonsending) public var value: Success {
        get async throws {
            if !isCompleted { await settle() }
            switch stored.unsafelyUnwrapped {
            case .success(let value): return value
            case .failure(let error):
                markObserved()
                throw error
            }
        }
    }

    /// Waits for the end and returns how it was.
    @inlinable
    nonisolated(nonsending) public var outcome: Result<Success, any Error> {
        get async {
            if !isCompleted { await settle() }
            if case .failure = stored { markObserved() }
            return stored.unsafelyUnwrapped
        }
    }

    /// The handle itself.
    public var handle: TaskHandle<Success> { self }

    /// Counts as having observed the error, if the task fails or has failed: for tasks whose failure does not matter.
    public func markObserved() {
        observed.store(true, ordering: .releasing)
    }

    /// Waits until the task has ended, however; cancelling the waiter does not end the wait.
    @usableFromInline
    nonisolated(nonsending)
        func settle() async
    {
        let waiter = Waiter(of: self)
        await waiter.waitUninterruptibly { state.withLock { admit(waiter, &$0) } }
    }

    nonisolated(nonsending)
        func wait(_ timeout: Duration?, _ clock: any TimerClock, _ cancellation: CancellationToken) async throws
        -> Success
    {
        if isCompleted { return try await value }
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if timeout == .zero { throw TimeoutError(limit: .zero) }
        let waiter = Waiter(of: self)
        let limit = WaitLimit(
            cancellation: cancellation, deadline: timeout.map { clock.now.advanced(by: $0) }, clock: clock)
        switch await waiter.wait(limit, admit: { state.withLock { admit(waiter, &$0) } }) {
        case .granted, .failed: return try await value
        case .cancelled: throw CancellationError()
        case .timedOut: throw TimeoutError(limit: timeout ?? .zero)
        }
    }

    func admit(_ waiter: Waiter, _ state: inout State) -> Bool {
        // `complete` publishes under this lock: either it is seen here or it will see the waiter.
        isCompleted ? waiter.settle(.granted) : state.waiters.append(waiter)
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }

    static func status(of outcome: Result<Success, any Error>) -> TaskStatus {
        switch outcome {
        case .success: .succeeded
        case .failure(let error): error is CancellationError ? .cancelled : .failed
        }
    }
}

extension TaskHandle: CustomStringConvertible {
    /// What it is called, where it stands and where it was created, on one line; neither waits nor counts as having
    /// observed an error.
    public var description: String {
        let name = name.map { " \"\($0)\"" } ?? ""
        return "task \(id)\(name), \(status), created at \(creationSite)"
    }
}
