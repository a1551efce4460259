import Concerto
import Foundation
import Synchronization

extension Workload {
    static let blocking: [Workload] = [
        Workload(name: "blocked_pool") { await blockedPool(64, milliseconds: 100) },
        Workload(name: "idle_10s", needsPool: true, onlyByName: true) { await idle() },
    ]

    /// What a pool costs that has nothing to do, after a storm of blocking: processor time in ten seconds, and its
    /// threads before and after them. With `CONCERTO_POOL_IDLE_TIMEOUT_MS=1000` the surplus is gone by then.
    private static func idle() async -> Outcome {
        _ = await blockedPool(64, milliseconds: 100)
        let pool = ThreadPool.default!
        let threads = pool.statistics.threads
        let start = ContinuousClock.now
        let used = processorMilliseconds()
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            // Not a task that sleeps, which would be the pool's own business.
            Thread {
                Thread.sleep(forTimeInterval: 10)
                continuation.resume()
            }.start()
        }
        return Outcome(
            milliseconds: (ContinuousClock.now - start).milliseconds,
            extra: [
                ("cpu_ms", processorMilliseconds() - used), ("threads_before", Double(threads)),
                ("threads_after", Double(pool.statistics.threads)),
            ])
    }

    private static func processorMilliseconds() -> Double {
        var usage = rusage()
        getrusage(0, &usage)  // RUSAGE_SELF, which has another type on every C library
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) * 1e3 + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3
    }

    /// `blockers` tasks that each block their thread, without saying so, while a thread outside of the pool asks every
    /// millisecond how long a fresh task waits for one.
    private static func blockedPool(_ blockers: Int, milliseconds: UInt32) async -> Outcome {
        let probe = Probe()
        let thread = Thread {
            while !probe.stop.load(ordering: .relaxed) {
                let asked = ContinuousClock.now
                Task.detached {
                    let waited = (ContinuousClock.now - asked).milliseconds
                    probe.waits.withLock { $0.append(waited) }
                }
                usleep(1_000)
            }
            probe.ended.signal()
        }
        thread.start()
        let start = ContinuousClock.now
        let tasks = (0..<blockers).map { _ in Task { _ = usleep(milliseconds * 1_000) } }
        for task in tasks { await task.value }
        let total = (ContinuousClock.now - start).milliseconds
        probe.stop.store(true, ordering: .relaxed)
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            Thread {
                probe.ended.wait()
                continuation.resume()
            }.start()
        }
        // The last probes are still on their way.
        await Task.detached {}.value
        let waits = probe.waits.withLock { $0.sorted() }
        return Outcome(
            milliseconds: total,
            extra: [
                ("probe_p99_ms", waits[waits.count * 99 / 100]), ("probe_max_ms", waits[waits.count - 1]),
            ])
    }

    private final class Probe: Sendable {
        let stop = Atomic(false)
        let waits = Mutex<[Double]>([])
        let ended = DispatchSemaphore(value: 0)
    }
}
