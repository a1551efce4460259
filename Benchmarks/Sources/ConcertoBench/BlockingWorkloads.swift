import Concerto
import Foundation
import Synchronization

extension Workload {
    static let blocking: [Workload] = [Workload(name: "blocked_pool") { await blockedPool(64, milliseconds: 100) }]

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
