import Dispatch
import Synchronization
import Testing

@testable import ConcertoRuntime

@Suite struct LifetimeTests {
    @Test func `a work item keeps its pool until it has run`() async throws {
        // Cause: only tasks kept their pool; `ThreadPool.current` in a work item that outlived it was freed memory.
        weak var observed: ThreadPool?
        let gate = DispatchSemaphore(value: 0)
        let name = Mutex("")
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            do {
                let pool = try! ThreadPool(.init(minThreads: 1, name: "kept"))
                observed = pool
                pool.queueWorkItem {
                    gate.wait()
                    name.withLock { $0 = ThreadPool.current?.configuration.name ?? "none" }
                    continuation.resume()
                }
            }
            #expect(observed != nil)
            gate.signal()
        }
        #expect(name.withLock { $0 } == "kept")
    }

    @Test func `a task on the pool can shut it down`() async throws {
        // Cause: who waited for the last thread was put into the slot of that thread, which nobody looked at any more.
        for _ in 0..<200 {
            let pool = try ThreadPool(.init(minThreads: 2))
            let task = Task(executorPreference: pool) {
                // Fills the slot once, so that the throttled wake-up of the next fill does not hide a loss.
                pool.queueWorkItem {}
                await pool.shutdown()
            }
            await task.value
            #expect(pool.statistics.threads == 0)
        }
    }
}
