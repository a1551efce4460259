/// When a pool says that it cannot go on: every thread that it may have has been blocked for a second, and work waits. It
/// says so again every minute for as long as it lasts.
struct Exhaustion {
    private static let patience: Int64 = 1_000_000_000
    private static let interval: Int64 = 60_000_000_000

    private var since: Int64?
    private var next = Int64.min

    /// - Parameters:
    ///   - now: Nanoseconds.
    ///   - isExhausted: Whether work waits and no thread is left that could run it.
    /// - Returns: Whether to say so now.
    mutating func isTime(at now: Int64, isExhausted: Bool) -> Bool {
        guard isExhausted else {
            since = nil
            return false
        }
        let begun = since ?? now
        since = begun
        guard now - begun >= Self.patience, now >= next else { return false }
        next = now &+ Self.interval
        return true
    }

    static func firstThreadText(pool: String) -> String {
        """
        the pool \"\(pool)\" has work and the system starts no thread for it. It tries again until there is one. Raise the \
        process's limits of threads and memory, or lower stackSize (CONCERTO_POOL_STACK_SIZE).
        """
    }

    /// - Parameter isRefused: The system has no further thread, rather than the configuration.
    static func text(pool: String, threads: Int, jobs: Int, isRefused: Bool) -> String {
        let limit = isRefused ? "the system starts no further one" : "maxThreads allows no further one"
        let remedy =
            isRefused
            ? "Raise the process's limits of threads and memory, lower stackSize (CONCERTO_POOL_STACK_SIZE)"
            : "Raise maxThreads (CONCERTO_POOL_MAX_THREADS)"
        return """
            all \(threads) threads of the pool \"\(pool)\" have been blocked for a second, and \(limit); jobs that wait: \
            \(jobs). \(remedy), or let fewer jobs block at once. reportsBlocking (CONCERTO_POOL_REPORTS_BLOCKING=1) says where they \
            block.
            """
    }
}
