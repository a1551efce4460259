import Foundation
import Synchronization
import Testing

@testable import ConcertoRuntime

/// How much a stress test does: `CONCERTO_STRESS=10` is ten times the default.
let stress = max(1, ProcessInfo.processInfo.environment["CONCERTO_STRESS"].flatMap { Int($0) } ?? 1)

@Suite(.serialized) struct StressTests {
    @Test func `no job is stranded over random bursts from inside and outside with threads that park between them`()
        async throws
    {
        var random = Seeded()
        for threads in [1, 2, 4] {
            let pool = try ThreadPool(.init(minThreads: threads, blockedAfter: .milliseconds(5)))
            var total = 0
            while total < 300_000 * stress {
                // Bursts of very different sizes; after each the pool runs dry and its threads park.
                let outside = 1 << Int.random(in: 0...10, using: &random)
                let inside = Int.random(in: 0...3, using: &random)
                let pause = Int.random(in: 0...200, using: &random)
                let jobs = outside * (1 + inside)
                let left = Counter(jobs)
                await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                    for _ in 0..<outside {
                        pool.queueWorkItem {
                            for _ in 0..<inside {
                                pool.queueWorkItem { if left.decrement() == 0 { continuation.resume() } }
                            }
                            if left.decrement() == 0 { continuation.resume() }
                        }
                    }
                }
                for _ in 0..<pause { _ = left.now }
                total += jobs
            }
            #expect(pool.statistics.rescues == 0)
            #expect(pool.statistics.jobsQueued == 0)
            await pool.shutdown()
            #expect(pool.statistics.jobsEnqueued == UInt64(total))
            #expect(pool.statistics.jobsCompleted == UInt64(total))
        }
    }

    @Test func `tasks that start, yield, sleep, block and call actors all end`() async throws {
        actor Account {
            var balance = 0
            func add(_ amount: Int) { balance += amount }
        }
        var random = Seeded()
        let pool = try ThreadPool(.init(minThreads: 2))
        let account = Account()
        var expected = 0
        for _ in 0..<(20 * stress) {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    let kind = Int.random(in: 0..<6, using: &random)
                    let priority = [TaskPriority.background, .low, .medium, .high].randomElement(using: &random)!
                    expected += kind
                    group.addTask(executorPreference: pool, priority: priority) {
                        switch kind {
                        case 0: await Task.yield()
                        case 1: await ThreadPool.yield()
                        case 2: try? await MonotonicClock().sleep(for: .microseconds(300))
                        case 3: _ = withBlocking { usleep(200) }
                        // asynclint:ignore:next blocking-call-in-async — the test blocks threads on purpose
                        case 4: usleep(100)
                        default: async let child: Void = Task.yield(); await child
                        }
                        await account.add(kind)
                    }
                }
            }
        }
        #expect(await account.balance == expected)
        #expect(pool.statistics.rescues == 0)
        await pool.shutdown()
        #expect(pool.statistics.jobsEnqueued == pool.statistics.jobsCompleted)
    }

    @Test func `pools come and go under load, and nothing is lost`() async throws {
        for _ in 0..<(50 * stress) {
            let pool = try ThreadPool(.init(minThreads: 2))
            let ran = Counter(0)
            let tasks = (0..<20).map { _ in
                Task(executorPreference: pool) {
                    await Task.yield()
                    _ = ran.increment()
                }
            }
            await pool.shutdown()
            for task in tasks { await task.value }
            #expect(ran.now == 20)
        }
    }
}
