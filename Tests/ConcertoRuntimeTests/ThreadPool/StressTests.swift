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

    /// `CONCERTO_SOAK=180` is three minutes of it.
    @Test func `after every burst of a soak the statistics add up`() async throws {
        let seconds = ProcessInfo.processInfo.environment["CONCERTO_SOAK"].flatMap { Int($0) }
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        var random = Seeded()
        let pool = try ThreadPool(.init(minThreads: 2, idleTimeout: .milliseconds(5)))
        // Read all the time, also while the pool works.
        let stop = Atomic(false)
        let wrong = Counter(0)
        let reader = Task.detached {
            while !stop.load(ordering: .relaxed) {
                let now = pool.statistics
                if now.jobsCompleted > now.jobsEnqueued { _ = wrong.increment() }
                await Task.yield()
            }
        }
        var rounds = 0
        while end.map({ ContinuousClock.now < $0 }) ?? (rounds < 20) {
            rounds += 1
            let blockers = Int.random(in: 0...20, using: &random)
            let tasks = Int.random(in: 0...2_000, using: &random)
            let yields = Int.random(in: 0...5, using: &random)
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<tasks {
                    let priority = [TaskPriority.background, .low, .medium, .high][index % 4]
                    group.addTask(executorPreference: pool, priority: priority) {
                        for _ in 0..<yields {
                            if index % 2 == 0 { await Task.yield() } else { await ThreadPool.yield() }
                        }
                        pool.queueWorkItem(priority: priority) {}
                    }
                }
                for index in 0..<blockers {
                    group.addTask(executorPreference: pool) {
                        // asynclint:ignore:next blocking-call-in-async — the test blocks threads on purpose
                        if index % 2 == 0 { usleep(500) } else { withBlocking { _ = usleep(500) } }
                        try? await MonotonicClock().sleep(for: .microseconds(200))
                    }
                }
            }
            // Nothing is in flight when nobody is at work and nothing waits; the monitor may have a word to take back.
            var now = pool.statistics
            while now.runningThreads != 0 || now.blockedThreads != 0 || now.jobsQueued != 0 {
                await Task.yield()
                now = pool.statistics
            }
            // Those counters were read before it was clear that nobody is.
            now = pool.statistics
            #expect(now.jobsEnqueued == now.jobsCompleted + UInt64(now.jobsQueued))
            #expect(now.rescues == 0)
        }
        stop.store(true, ordering: .relaxed)
        await reader.value
        #expect(wrong.now == 0)
        await pool.shutdown()
        let last = pool.statistics
        print("soak: \(rounds) bursts, \(last.jobsCompleted) jobs")
        #expect(last.jobsEnqueued == last.jobsCompleted && last.jobsQueued == 0 && last.threads == 0)
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
