/// What one look at a process saw: the input of a report, which can be made without a process.
struct ReportLook: Sendable {
    var dump: TaskDump
    /// Processor time that the process has had, in nanoseconds, and time that its threads waited for a processor.
    var run: Int64 = 0
    var queued: Int64 = 0
    /// Microseconds for which the control group has stopped the process.
    var throttled: Int64 = 0

    /// Tasks that could run and wait for a thread.
    var waiting: Int { dump.queues.first { $0.identity == 0 }?.count ?? 0 }
    var running: Int { dump.tasks.count { $0.state == .running } }
    /// Threads that run a task and wait in the kernel.
    var blocked: [TaskDump.Thread] { dump.threads.filter { $0.task != nil } }
}

/// What a wait is for, by the functions on the stack of who waits.
enum WaitPlace: Hashable {
    case limiter, dependency, lock, timer, other

    private static let limiters = [
        "RateLimiter", "ConcurrencyLimiter", "Bulkhead", "AdmissionQueue", "ResourcePool", "HostGate",
    ]
    private static let locks = [
        "AsyncSemaphore", "AsyncLock", "KeyedAsyncLock", "AsyncReaderWriterLock", "AsyncMutex",
    ]
    private static let dependencies = [
        "AsyncHTTPClient.", "HTTPClient.", "HTTPTransport", "PostgresNIO.", "PostgresConnection", "RediStack.",
        "Valkey.",
        "GRPCCore.", "FoundationNetworking.", "URLSession",
    ]

    init(_ functions: [String]) {
        // The innermost function that is known says it: a request that waits for a limiter waits for the limiter.
        for function in functions {
            if function.hasPrefix("Task.sleep") || function.hasPrefix("Task._sleep") || function.contains("Task.delay")
            {
                self = .timer
                return
            }
            if Self.limiters.contains(where: function.includes) {
                self = .limiter
                return
            }
            if Self.locks.contains(where: function.includes) {
                // Limiters are made of semaphores.
                let isLimiter = functions.contains { name in Self.limiters.contains(where: name.includes) }
                self = isLimiter ? .limiter : .lock
                return
            }
            if Self.dependencies.contains(where: function.includes) {
                self = .dependency
                return
            }
        }
        self = .other
    }
}

extension String {
    /// Whether `other` is somewhere in it.
    fileprivate func includes(_ other: String) -> Bool {
        var rest = self[...]
        while rest.count >= other.count {
            if rest.hasPrefix(other) { return true }
            rest.removeFirst()
        }
        return false
    }
}
