import ConcertoRuntime
import Dispatch
import Foundation

enum BlockingCases {
    /// Every thread waits for a task that has none, and the monitor cannot ask the kernel about them: all descriptors
    /// are taken.
    static func withoutDescriptors() {
        guard case .installed = ThreadPool.installAsDefault(.init(minThreads: 2)) else { exit(2) }
        // Before the pool needs any: what it opened up to now is not there to be used again.
        var limit = rlimit(rlim_cur: 64, rlim_max: 64)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { exit(4) }
        while open("/dev/null", O_RDONLY) >= 0 {}
        guard errno == EMFILE else { exit(5) }

        let opens = DispatchSemaphore(value: 0)
        let waits = Countdown(2)
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Task.detached {
                if waits.isLast() {
                    // Both threads are taken from here on.
                    Task.detached { for _ in 0..<2 { opens.signal() } }
                }
                block(on: opens)
                ended.signal()
            }
        }
        // Not the main queue, for which libdispatch would need a descriptor.
        // asynclint:ignore:next sync-over-async-bridge — the main thread, which no task needs
        for _ in 0..<2 { ended.wait() }
        exit(0)
    }

    /// The system has no thread left when both block: the pool tries again until it has one.
    static func withoutThreads() {
        guard case .installed = ThreadPool.installAsDefault(.init(minThreads: 2)), let pool = ThreadPool.default else {
            exit(2)
        }
        let opens = DispatchSemaphore(value: 0)
        let started = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Task.detached {
                started.signal()
                block(on: opens)
                ended.signal()
            }
        }
        // asynclint:ignore:next sync-over-async-bridge — the main thread, which no task needs
        for _ in 0..<2 { started.wait() }
        // Room for everything but another stack.
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &before)
        var tight = rlimit(rlim_cur: addressSpace() + (4 << 20), rlim_max: before.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &tight) == 0 else { exit(4) }
        Task.detached { for _ in 0..<2 { opens.signal() } }
        // Each is a thread that could not be started.
        let wakeUps = pool.statistics.wakeUps
        while pool.statistics.wakeUps < wakeUps + 3 { sched_yield() }
        // One may be on its way right now; those that failed are not counted any more.
        while pool.statistics.threads != 2 || pool.statistics.injectedThreads != 0 { sched_yield() }
        guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &before) == 0 else { exit(6) }
        // asynclint:ignore:next sync-over-async-bridge — the main thread, which no task needs
        for _ in 0..<2 { ended.wait() }
        exit(pool.statistics.injectedThreads > 0 ? 0 : 7)
    }

    /// The system has no thread for the first job of a pool: nobody but whoever queues it can try again, says so, and does.
    static func withoutFirstThread() {
        guard let pool = try? ThreadPool(.init(minThreads: 1, name: "first")) else { exit(2) }
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0, dup2(ends[1], 2) == 2 else { exit(4) }
        let complaints = ends[0]
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &before)
        let lifted = before
        Thread.detachNewThread {
            // Nobody lifts the limit before the pool has complained of it.
            var text = [UInt8](repeating: 0, count: 512)
            let count = read(complaints, &text, text.count)
            guard String(decoding: text.prefix(max(0, count)), as: UTF8.self).contains("the pool \"first\" has work")
            else { exit(5) }
            var limit = lifted
            guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { exit(6) }
        }
        let ran = DispatchSemaphore(value: 0)
        // Room for everything but a stack, that of the monitor included.
        var tight = rlimit(rlim_cur: addressSpace() + (192 << 10), rlim_max: before.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &tight) == 0 else { exit(7) }
        pool.queueWorkItem { ran.signal() }
        ran.wait()
        exit(0)
    }

    /// Bytes of address space that this process uses.
    private static func addressSpace() -> UInt {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").first.flatMap({ UInt($0) })
        else { exit(3) }
        return pages * UInt(sysconf(CInt(_SC_PAGESIZE)))
    }

    /// What a library does that knows nothing of tasks.
    private static func block(on semaphore: DispatchSemaphore) { semaphore.wait() }
}
