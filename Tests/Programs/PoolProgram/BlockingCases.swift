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
        for _ in 0..<2 { ended.wait() }
        exit(0)
    }

    /// What a library does that knows nothing of tasks.
    private static func block(on semaphore: DispatchSemaphore) { semaphore.wait() }
}
