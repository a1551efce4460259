// The one file that uses the SPI of Swift's concurrency runtime. It compiles for the versions whose SPI it knows; on any
// other, `isKnown` is false and nothing here is used.

#if os(Linux) && compiler(>=6.3) && compiler(<6.4)
import CConcerto
@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) import _Concurrency

enum RuntimeSPI {
    static let isKnown = true

    /// The executors that the factory hands out; set once, before the runtime asks.
    nonisolated(unsafe) fileprivate static var executors: (pool: DefaultThreadPool, main: MainLoopExecutor?)?

    /// Makes a pool the default executor of the process, and the main loop its main executor if `mainLoop`.
    static func install(_ configuration: ThreadPool.Configuration, mainLoop: Bool) -> ThreadPool {
        let pool = DefaultThreadPool(validated: configuration, isDefault: true)
        executors = (pool, mainLoop ? MainLoopExecutor() : nil)
        _createExecutors(factory: Factory.self)
        // The default pool, and with it its scheduler, lives as long as the process.
        concerto_enqueue_global_with(
            { scheduler, job in
                Unmanaged<Scheduler>.fromOpaque(scheduler)._withUnsafeGuaranteedRef {
                    $0.enqueue(unsafeBitCast(job, to: UnownedJob.self))
                }
            }, Unmanaged.passUnretained(pool.scheduler).toOpaque())
        if mainLoop { MainLoop.shared.markInstalled() }
        return pool
    }

    /// Compares what CConcerto reads of a job with what the runtime says.
    static func jobLayoutHolds() -> Bool {
        let job = _swift_createJobForTestingOnly(priority: .utility) {}
        let raw = unsafeBitCast(UnownedJob(job), to: UnsafeMutableRawPointer.self)
        let unowned = unsafeBitCast(raw, to: UnownedJob.self)
        let flags = concerto_job_flags(raw)
        var holds = concerto_job_layout_holds(raw)
        holds = holds && UInt8(truncatingIfNeeded: flags >> 8) == unowned.priority.rawValue
        holds = holds && UInt8(truncatingIfNeeded: flags) == ExecutorJob(unowned).kind.rawValue
        let words = UnsafeMutableRawPointer(concerto_job_words(raw))
        ExecutorJob(unowned).withUnsafeExecutorPrivateData { data in
            holds = holds && data.baseAddress == words && data.count >= 2 * MemoryLayout<UInt>.size
        }
        // Jobs are freed by being run.
        ExecutorJob(unowned).runSynchronously(on: MainActor.sharedUnownedExecutor)
        return holds
    }
}

/// The process's pool: one that also takes jobs for later, which is how `Task.sleep` reaches it.
final class DefaultThreadPool: ThreadPool, SchedulingExecutor, @unchecked Sendable {
    func enqueue<C: Clock>(
        _ job: consuming ExecutorJob, after delay: C.Duration, tolerance: C.Duration?, clock: C
    ) {
        guard C.Duration.self == Duration.self else {
            return enqueue(UnownedJob(job), at: clock.now.advanced(by: delay), clock)
        }
        enqueue(UnownedJob(job), after: unsafeBitCast(delay, to: Duration.self))
    }

    func enqueue<C: Clock>(
        _ job: consuming ExecutorJob, at instant: C.Instant, tolerance: C.Duration?, clock: C
    ) {
        guard C.Duration.self == Duration.self else { return enqueue(UnownedJob(job), at: instant, clock) }
        enqueue(UnownedJob(job), after: unsafeBitCast(clock.now.duration(to: instant), to: Duration.self))
    }

    private func enqueue(_ job: UnownedJob, after delay: Duration) {
        let now = concerto_now()
        let (deadline, overflow) = now.addingReportingOverflow(delay.saturatingNanoseconds)
        // A wait that is over by the time it begins needs no timer: it never wakes early, as the clock says so.
        if deadline <= concerto_now(), !overflow { return scheduler.enqueue(job) }
        _ = TimerService.shared.schedule(at: overflow ? .max : deadline, .job(job, self))
    }

    /// A clock whose durations are its own: wait with the clock itself.
    private func enqueue<C: Clock>(_ job: UnownedJob, at instant: C.Instant, _ clock: C) {
        Task.detached {
            try? await clock.sleep(until: instant, tolerance: nil)
            self.scheduler.enqueue(job)
        }
    }
}

/// The main actor's executor: ``MainLoop``, in the runtime's terms.
private final class MainLoopExecutor: MainExecutor {
    func enqueue(_ job: consuming ExecutorJob) { MainLoop.shared.enqueue(UnownedJob(job)) }

    func run() throws { MainLoop.shared.run { false } }
    func runUntil(_ condition: () -> Bool) throws { MainLoop.shared.run(until: condition) }
    func stop() { MainLoop.shared.stop() }

    func isIsolatingCurrentContext() -> Bool? { MainLoop.isCurrent }
    func checkIsolated() {
        demand(MainLoop.isCurrent, "this code has to run on the main actor, and runs on another thread")
    }
}

private struct Factory: ExecutorFactory {
    static var mainExecutor: any MainExecutor {
        RuntimeSPI.executors!.main ?? PlatformExecutorFactory.mainExecutor
    }

    static var defaultExecutor: any TaskExecutor { RuntimeSPI.executors!.pool }
}

#elseif os(Linux)
enum RuntimeSPI {
    static let isKnown = false

    static func install(_ configuration: ThreadPool.Configuration, mainLoop: Bool) -> ThreadPool {
        fatalError("no executor SPI")
    }

    /// Without the SPI nothing can be compared: pools are not offered.
    static func jobLayoutHolds() -> Bool { false }
}
#endif
