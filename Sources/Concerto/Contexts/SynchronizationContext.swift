import CConcerto
import ConcertoRuntime
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A place where code runs one piece after the other, on one thread: its own, or one that pumps it.
///
/// It is a `TaskExecutor`: a task that runs on it comes back to it after every `await`, as .NET's code does. It is a
/// `SerialExecutor` too: actors can live on it.
///
/// ```swift
/// let interface = SynchronizationContext.withThread(named: "interface")
/// let title = Task.run(on: interface) {
///     let page = try await download()          // elsewhere
///     return window.show(page)                 // back on the context's thread
/// }
/// ```
///
/// - Cancellation: as for any task; a context has none of its own.
/// - Where it runs: on the context's thread, or inside ``run()``, ``runUntilIdle()`` and ``pump(until:)`` on the thread
///   that calls them, one at a time.
/// - Ordering: first in, first out, whatever it is: ``post(fileID:line:_:)``, Swift's own tasks, calls of actors that live
///   on the context.
/// - Allocates: nothing for a job.
///
/// Child tasks of a task on a context run on the context too, one after the other; Concerto's combinators send theirs to
/// the pool. ``withoutContext(_:)`` leaves a context for a while.
public final class SynchronizationContext: SerialExecutor, TaskExecutor {
    private let queue = ContextQueue()
    private let stopped = Atomic(false)
    /// The thread that runs the context's jobs now, innermost last; nested while a job of the context blocks and pumps.
    private let pumping = Guarded<[ThreadIdentity]>([])
    private let ownThread = Guarded(OwnThread.none)
    /// Tells of a job that blocks the thread.
    private let watch: ThreadWatch
    /// For diagnostics.
    public let name: String

    /// Whether a context has a thread of its own.
    private enum OwnThread {
        case none
        case runs
        /// It was stopped and found no job; the next one that comes starts it again.
        case ended
    }

    /// Creates a context that runs when somebody pumps it.
    public init(name: String = "context") {
        self.name = name
        watch = ThreadWatch(name: name)
    }

    /// Creates a context with a thread of its own, which lives until ``stop()``.
    public static func withThread(named name: String) -> SynchronizationContext {
        let context = SynchronizationContext(name: name)
        context.ownThread.withLock { $0 = .runs }
        ContextThread.start(name) { context.runThread() }
        return context
    }

    /// The context whose job runs on this thread now, if any.
    public static var current: SynchronizationContext? { ContextThread.current }

    /// How many jobs are ready.
    public var pending: Int { queue.count }

    /// Takes a job of an actor that lives on the context; called by the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) { append(UnownedJob(job), isIsolated: true) }

    /// Takes a job of a task that prefers the context; called by the Swift runtime.
    ///
    /// Told from the other kind, because each runs as what it was queued as: the runtime would send a task that finds itself
    /// on an actor's executor through the queue once more, at every function that is not isolated, and what came first
    /// would run last.
    @_implements(TaskExecutor,enqueue(_:))
    public func enqueueTask(_ job: consuming ExecutorJob) { append(UnownedJob(job), isIsolated: false) }

    private func append(_ job: UnownedJob, isIsolated: Bool) {
        // Once in the queue the job may run to its end at once, and drop the last reference to the context: what enqueues
        // borrows the one that the job's task holds.
        let keeper = Unmanaged.passRetained(self)
        defer { keeper.release() }
        queue.append(job, isIsolated: isIsolated)
        if stopped.load(ordering: .acquiring) { restartThread() }
    }

    /// The context as the executor of an actor.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Whether the calling code runs on this context.
    public func isIsolatingCurrentContext() -> Bool? { Self.current === self }

    /// Traps if the calling code does not run on this context.
    public func checkIsolated() {
        demand(Self.current === self, "expected to run on the context \"\(name)\"")
    }

    /// Runs `body` on the context, later, and returns its task. Errors that nobody asks for go to
    /// `TaskHandle.onUnobservedError`.
    @discardableResult
    public func post<Success: Sendable>(
        fileID: StaticString = #fileID, line: UInt = #line,
        _ body: sending @escaping () throws -> Success
    ) -> TaskHandle<Success> {
        Task.run(on: self, fileID: fileID, line: line) { try body() }
    }

    /// Runs `body` on the context and waits for it; in place if this code runs on it already.
    ///
    /// The waiting thread is replaced or pumped as ``runBlocking(fileID:line:_:)`` says, which is why asynchronous code may
    /// not call it: there `try await context.post { … }.value` waits without a thread.
    /// - Throws: What `body` throws; ``DeadlockError``.
    @available(*, noasync, message: "in asynchronous code await post { … }.value; send blocks the thread")
    public func send<Success: Sendable>(
        fileID: StaticString = #fileID, line: UInt = #line, _ body: sending @escaping () throws -> Success
    ) throws -> Success {
        if Self.current === self { return try body() }
        // This thread waits until the body, which is run once, has ended.
        nonisolated(unsafe) let body = body
        return try runBlocking(fileID: fileID, line: line) {
            let flow = Flow.current
            let token = CancellationToken.current
            // The sender waits, so what it holds stays held as long as the body runs, and its token is current.
            return try await Task.run(on: self, fileID: fileID, line: line) {
                try await CancellationToken.adopting(token) { try await Flow.adopting(flow) { try body() } }
            }.value
        }
    }

    /// Runs jobs until ``stop()``.
    public func run() { pump { stopped.load(ordering: .acquiring) } }

    /// Ends ``run()`` once no job is ready. Jobs that come later wait for the next one who pumps; on a context with a thread
    /// of its own, which nobody else may pump, they get a thread again for as long as there are any.
    public func stop() {
        stopped.store(true, ordering: .releasing)
        queue.wakeUp()
    }

    /// Runs jobs until none is ready.
    ///
    /// - Returns: How many it ran.
    @discardableResult
    public func runUntilIdle() -> Int {
        CallbackTrampoline.setAside {
            var count = 0
            whilePaused {
                while let job = queue.poll() {
                    run(job)
                    count += 1
                }
            }
            return count
        }
    }

    /// Runs jobs, waiting for them, until `condition` is true and none is ready. It is looked at after every job and
    /// every ``wakeUp()``.
    public func pump(until condition: () -> Bool) {
        CallbackTrampoline.setAside {
            whilePaused {
                while true {
                    let generation = queue.generation
                    if let job = queue.poll() {
                        run(job)
                    } else if condition() {
                        return
                    } else if let job = queue.take(unlessNewerThan: generation) {
                        run(job)
                    }
                }
            }
        }
    }

    /// As ``pump(until:)``, but stops as soon as `condition` is true, also while jobs are ready.
    func pumpOnly(until condition: () -> Bool) {
        whilePaused {
            while !condition() {
                let generation = queue.generation
                if condition() { return }
                if let job = queue.take(unlessNewerThan: generation) { run(job) }
            }
        }
    }

    /// A job that pumps is known to wait, and what it pumps is watched itself.
    private func whilePaused(_ body: () -> Void) {
        let isPaused = watch.pause()
        body()
        if isPaused { watch.resume() }
    }

    /// Makes ``pump(until:)`` look at its condition again.
    public func wakeUp() { queue.wakeUp() }

    private func runThread() {
        repeat {
            run()
        } while !endThread()
    }

    private func endThread() -> Bool {
        ownThread.withLock { thread in
            guard queue.count == 0 else { return false }
            thread = .ended
            return true
        }
    }

    /// Called after a job has come to a context that was stopped.
    ///
    /// **Invariant.** No job stays behind on a context with a thread of its own. Who enqueues appends first and looks for
    /// the thread's end second; the thread, which looks for jobs once it has seen the stop, ends only if it finds none,
    /// under the lock of `ownThread`. If the enqueuer still saw the context running, its job was in the queue before that
    /// last look: both go through the queue's mutex. If it saw the stop, one of the two comes second in `ownThread`, and
    /// finds what the other has done.
    private func restartThread() {
        let hasEnded = ownThread.withLock { thread in
            guard case .ended = thread else { return false }
            thread = .runs
            return true
        }
        if hasEnded { ContextThread.start(name) { self.runThread() } }
    }

    private func run(_ entry: ContextQueue.Entry) {
        claim()
        let outer = ContextThread.enter(self)
        let isWatched = watch.begin()
        if entry.isIsolated {
            entry.job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        } else {
            entry.job.runSynchronously(on: asUnownedTaskExecutor())
        }
        if isWatched { watch.end() }
        ContextThread.leave(to: outer)
        pumping.withLock { _ = $0.popLast() }
    }

    /// A context is serial: two threads that pump it at once would break every actor that lives on it.
    private func claim() {
        let thread = ThreadIdentity.current
        pumping.withLock { threads in
            demand(
                threads.last == nil || threads.last == thread,
                "the context \"\(name)\" is pumped by two threads at once")
            threads.append(thread)
        }
    }
}

/// The thread-local side of contexts.
enum ContextThread {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static var current: SynchronizationContext? {
        pthread_getspecific(key).map { Unmanaged<SynchronizationContext>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Makes `context` current; whoever runs its job keeps it alive. Returns what was current before.
    static func enter(_ context: SynchronizationContext) -> UnsafeMutableRawPointer? {
        let outer = pthread_getspecific(key)
        pthread_setspecific(key, Unmanaged.passUnretained(context).toOpaque())
        return outer
    }

    static func leave(to outer: UnsafeMutableRawPointer?) { pthread_setspecific(key, outer) }

    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        final class Start {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        let start = Unmanaged.passRetained(Start(body)).toOpaque()
        let result = concerto_thread_start(
            { argument in Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body() }, start, name, 0)
        demand(result == 0, "cannot start a thread for the context \"\(name)\": error \(result)")
    }
}
