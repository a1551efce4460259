import Dispatch
import Foundation
import Synchronization
import Testing

@testable import ConcertoRuntime

@Suite struct ThreadPoolTests {
    @Test func `a task that prefers the pool runs on its threads`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2, name: "mine"))
        let name = await Task(executorPreference: pool) { () -> String in
            #expect(ThreadPool.current === pool)
            return currentThreadName()
        }.value
        #expect(name.hasPrefix("mine-"))
        await pool.shutdown()
    }

    @Test func `work items run, each once`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2))
        let sum = Atomic(0)
        let total = 100_000
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let left = Counter(total)
            for index in 0..<total {
                pool.queueWorkItem {
                    sum.add(index, ordering: .relaxed)
                    if left.decrement() == 0 { continuation.resume() }
                }
            }
        }
        #expect(sum.load(ordering: .relaxed) == total * (total - 1) / 2)
        await pool.shutdown()
    }

    @Test func `shutdown runs what is queued, ends every thread, and frees the pool`() async throws {
        let ran = Atomic(0)
        weak var observed: ThreadPool?
        do {
            let pool = try ThreadPool(.init(minThreads: 2))
            observed = pool
            for _ in 0..<10_000 { pool.queueWorkItem { ran.add(1, ordering: .relaxed) } }
            await pool.shutdown()
            #expect(ran.load(ordering: .relaxed) == 10_000)
            await pool.shutdown()
        }
        #expect(observed == nil)
    }

    @Test func `a task whose pool is gone still ends`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1))
        let gate = AsyncStream<Void>.makeStream()
        let task = Task(executorPreference: pool) { () -> Int in
            for await _ in gate.stream {}
            return 7
        }
        await pool.shutdown()
        gate.continuation.finish()
        #expect(await task.value == 7)
    }

    @Test func `children, actors and sleeps of a task on the pool come back to it`() async throws {
        actor Plain {
            func where_() -> ThreadPool? { ThreadPool.current }
        }
        let pool = try ThreadPool(.init(minThreads: 2))
        await Task(executorPreference: pool) {
            #expect(await Plain().where_() === pool)
            async let child = ThreadPool.current
            #expect(await child === pool)
            try? await Task.sleep(for: .milliseconds(1))
            #expect(ThreadPool.current === pool)
            await Task.yield()
            #expect(ThreadPool.current === pool)
        }.value
        await pool.shutdown()
    }
}

/// The name of this thread as the kernel has it.
func currentThreadName() -> String {
    let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
    return text?.trimmingCharacters(in: .newlines) ?? ""
}

/// A counter that can be shared.
final class Counter: Sendable {
    private let value: Atomic<Int>
    init(_ value: Int) { self.value = Atomic(value) }
    func decrement() -> Int { value.subtract(1, ordering: .sequentiallyConsistent).newValue }
    func increment() -> Int { value.add(1, ordering: .sequentiallyConsistent).newValue }
    var now: Int { value.load(ordering: .sequentiallyConsistent) }
}
