import CConcerto
import Synchronization

/// An elastic, work-stealing pool of threads that runs Swift tasks and replaces threads that block.
///
/// ```swift
/// @main struct Server {
///     static func main() async throws {
///         ThreadPool.installAsDefault()       // from here every task of the process runs on the pool
///         try await serve()
///     }
/// }
/// ```
///
/// Installed as the default, the pool is what `Task {}`, `Task.detached`, task groups, `async let`, default actors and
/// `Task.sleep` run on. A pool of one's own is an ordinary task executor:
///
/// ```swift
/// let pool = try ThreadPool(.init(minThreads: 2, name: "reports"))
/// let report = await withTaskExecutorPreference(pool) { await render() }
/// await pool.shutdown()
/// ```
///
/// - Ordering: higher priorities first, in four classes (above medium, medium, low and utility, background). Each
///   class gets a turn now and then however full those above it are. Within a class roughly first in, first out; what a
///   job makes runnable tends to run next, on the same thread.
/// - Threads: `minThreads` run at once. One that blocks is replaced, within microseconds if it says so
///   (``withBlocking(_:)``), within ``Configuration/blockedAfter`` and a little if it doesn't. When it comes back, one
///   thread too many parks after its job, and retires after ``Configuration/idleTimeout``.
/// - Allocates: nothing per job.
public class ThreadPool: TaskExecutor, @unchecked Sendable {
    // Sendable: the only stored property is constant; unchecked because the class can be subclassed in its module.
    final let scheduler: Scheduler

    /// Creates a pool. Its threads start with the first job.
    ///
    /// - Parameter configuration: Sizes and names. The environment overrides it only in ``installAsDefault(_:)``.
    /// - Throws: ``ConfigurationError``, which names every invalid value at once; ``Unavailable`` where pools cannot
    ///   run (anything but Linux, or a Swift runtime that lays jobs out differently).
    public convenience init(_ configuration: Configuration = Configuration()) throws {
        try configuration.validate()
        if let reason = Self.unavailability { throw Unavailable(reason: reason) }
        self.init(validated: configuration)
    }

    init(
        validated configuration: Configuration, isDefault: Bool = false,
        complain: @escaping @Sendable (String) -> Void = { Environment.complain($0) }
    ) {
        scheduler = Scheduler(configuration: configuration, isDefault: isDefault, complain: complain)
        scheduler.belong(to: self)
    }

    deinit {
        // Its threads own the scheduler; they leave when they have nothing left to do.
        scheduler.close()
    }

    /// The pool whose thread this is, or `nil` on any other thread.
    public static var current: ThreadPool? {
        concerto_thread_self().pointee.pool.map { Unmanaged<ThreadPool>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The pool that ``installAsDefault(_:)`` installed.
    public static var `default`: ThreadPool? { Installation.pool }

    /// What the pool was made with, environment overrides included.
    public final var configuration: Configuration { scheduler.configuration }

    // MARK: TaskExecutor

    /// Queues a job of the runtime; called by the runtime.
    public final func enqueue(_ job: consuming ExecutorJob) { scheduler.enqueue(UnownedJob(job)) }

    /// Queues a job of the runtime; called by the runtime.
    public final func enqueue(_ job: UnownedJob) { scheduler.enqueue(job) }

    // MARK: Work items

    /// Runs a closure on a thread of the pool, without a task.
    ///
    /// - Ordering: as a task of `priority`.
    /// - Where it runs: on a thread of the pool, outside of any task: no task-locals, no cancellation. It may block.
    /// - Allocates: one object.
    /// - Parameters:
    ///   - priority: Its class; `nil` is `.medium`.
    ///   - body: What to do.
    public final func queueWorkItem(priority: TaskPriority? = nil, _ body: @escaping @Sendable () -> Void) {
        let priority = (priority ?? .medium).rawValue
        let item = UnsafeMutablePointer<WorkItem>.allocate(capacity: 1)
        item.initialize(to: WorkItem(priority: priority, body: body, pool: scheduler.isDefault ? nil : self))
        scheduler.enqueue(Entry(item), flags: UInt32(priority) << 8)
    }

    // MARK: Shutdown

    /// Lets the pool run what it holds, ends its threads, and returns when the last one is gone.
    ///
    /// A task that prefers the pool and becomes runnable later is not lost: it runs on a thread of libdispatch.
    /// Idempotent. The default pool cannot be shut down: for it this does nothing.
    ///
    /// - Cancellation: is not observed.
    /// - Where it runs: anywhere, also on the pool itself: the task that calls it suspends, so that its thread can end, and
    ///   goes on elsewhere, as every task that becomes runnable later does.
    public final func shutdown() async {
        guard !scheduler.isDefault else { return }
        scheduler.close()
        await scheduler.termination.wait()
    }

    /// Why there can be no pool here, or `nil`.
    static var unavailability: String? {
        #if os(Linux)
        Installation.layoutHolds ? nil : "this Swift runtime lays out its jobs in a way that Concerto does not know"
        #else
        "ThreadPool runs on Linux only"
        #endif
    }

    /// Thrown where a pool cannot run.
    public struct Unavailable: Error, CustomStringConvertible {
        /// Why.
        public let reason: String
        /// A sentence for a log.
        public var description: String { "no ThreadPool here: \(reason)" }
    }
}
