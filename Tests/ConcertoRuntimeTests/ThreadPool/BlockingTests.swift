import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ConcertoRuntime

@Suite struct BlockingTests {
    @Test func `two tasks that block two threads for two others end`() async throws {
        // The deadlock of the stock executor: as many tasks wait synchronously for others as there are threads.
        let pool = try ThreadPool(.init(minThreads: 2))
        let blockers = (0..<2).map { _ in
            Task(executorPreference: pool) {
                let done = DispatchSemaphore(value: 0)
                Task(executorPreference: pool) { done.signal() }
                blockingWait(done)
            }
        }
        for blocker in blockers { await blocker.value }
        #expect(pool.statistics.rescues == 0)
        await pool.shutdown()
    }

    @Test func `a library that waits for a task's result inside tasks works, however many do`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2))
        @Sendable func legacy(_ value: Int) -> Int {
            let done = DispatchSemaphore(value: 0)
            let result = Mutex(0)
            Task(executorPreference: pool) {
                await Task.yield()
                result.withLock { $0 = value * 2 }
                done.signal()
            }
            blockingWait(done)
            return result.withLock { $0 }
        }
        let tasks = (0..<100).map { index in Task(executorPreference: pool) { legacy(index) } }
        var sum = 0
        for task in tasks { sum += await task.value }
        #expect(sum == 9_900)
        await pool.shutdown()
    }

    @Test(arguments: [true, false]) func `64 jobs that can only end together do`(declared: Bool) async throws {
        // A barrier of 64 needs 64 threads at once; declared blocking needs no monitor to see it.
        let pool = try ThreadPool(
            .init(
                minThreads: 2, blockedAfter: declared ? .seconds(3600) : .milliseconds(1), idleTimeout: .seconds(3600)))
        let barrier = Barrier(64)
        let tasks = (0..<64).map { _ in
            Task(executorPreference: pool) {
                if declared { withBlocking { barrier.arriveAndWait() } } else { barrier.arriveAndWait() }
            }
        }
        for task in tasks { await task.value }
        let statistics = pool.statistics
        #expect(statistics.threads >= 64)
        #expect(statistics.threads <= 64 + 16)
        #expect(statistics.rescues == 0)
        await pool.shutdown()
    }

    @Test func `a probe runs while 64 jobs block without saying so`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2))
        let gate = DispatchSemaphore(value: 0)
        let inside = Counter(0)
        let blockers = (0..<64).map { _ in
            Task(executorPreference: pool) {
                _ = inside.increment()
                blockingWait(gate)
            }
        }
        // Nobody opens the gate before: each probe finds a thread beside those that block, in the end all 64.
        while inside.now < 64 { await Task(executorPreference: pool) {}.value }
        for _ in 0..<100 { await Task(executorPreference: pool) {}.value }
        for _ in 0..<64 { gate.signal() }
        for blocker in blockers { await blocker.value }
        #expect(pool.statistics.rescues == 0)
        await pool.shutdown()
    }

    @Test func `withBlocking hands over what its thread holds, and another thread is on its way, before the body`()
        async throws
    {
        // Without another thread, what is handed over can be counted.
        let alone = try ThreadPool(.init(minThreads: 1, maxThreads: 1, blockedAfter: .seconds(3600)))
        let (before, inside) = await withUnsafeContinuation {
            (continuation: UnsafeContinuation<(ThreadPool.Statistics, ThreadPool.Statistics), Never>) in
            alone.queueWorkItem {
                for _ in 0..<10 { alone.queueWorkItem {} }
                let before = alone.statistics
                let inside = withBlocking { alone.statistics }
                continuation.resume(returning: (before, inside))
            }
        }
        #expect(before.localQueueLength == 10 && before.sharedQueueLength == 0)
        #expect(inside.localQueueLength == 0 && inside.sharedQueueLength == 10)
        #expect(inside.blockedThreads == 1)
        await alone.shutdown()

        let pool = try ThreadPool(.init(minThreads: 1, blockedAfter: .seconds(3600)))
        let wakeUps = await Task(executorPreference: pool) {
            pool.queueWorkItem {}
            let before = pool.statistics.wakeUps
            return withBlocking { pool.statistics.wakeUps } - before
        }.value
        #expect(wakeUps == 1)
        await pool.shutdown()
    }

    // Once counted: the monitor took a job that waits for one of too few threads for one whose wake-up was lost.
    @Test func `where every thread is taken nobody is rescued`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2, maxThreads: 2))
        let gate = DispatchSemaphore(value: 0)
        let blocked = Task<Void, Never>(executorPreference: pool) { withBlocking { blockingWait(gate) } }
        while pool.statistics.blockedThreads == 0 { await Task.yield() }
        // Long enough for many looks of the monitor.
        let computes = Task(executorPreference: pool) { for round in 0..<50 { compute(1_000_000, seed: round) } }
        while pool.statistics.runningThreads == 0 { await Task.yield() }
        let waits = Task(executorPreference: pool) {}
        await computes.value
        await waits.value
        #expect(pool.statistics.rescues == 0)
        gate.signal()
        await blocked.value
        await pool.shutdown()
    }

    @Test(.timeLimit(.minutes(5))) func `a pool whose threads all block says so, and what to do`() async throws {
        // Only the complaint lets them go on.
        let gate = DispatchSemaphore(value: 0)
        let said = Locked<[String]>([])
        let configuration = ThreadPool.Configuration(minThreads: 1, maxThreads: 2, name: "full")
        let pool = ThreadPool(validated: configuration) { text in
            said.withLock { $0.append(text) }
            for _ in 0..<2 { gate.signal() }
        }
        let inside = Counter(0)
        let blockers = (0..<2).map { _ in
            Task(executorPreference: pool) {
                _ = inside.increment()
                blockingWait(gate)
            }
        }
        while inside.now < 2 { await Task.yield() }
        let waiting = Task(executorPreference: pool) {}
        for blocker in blockers { await blocker.value }
        await waiting.value
        await pool.shutdown()
        let texts = said.withLock { $0 }
        #expect(texts.count == 1)
        let text = try #require(texts.first)
        #expect(text.hasPrefix("all 2 threads of the pool \"full\" have been blocked for a second"))
        #expect(text.contains("jobs that wait: 1") && text.contains("CONCERTO_POOL_MAX_THREADS"))
    }

    @Test func `what a blocked thread holds in its own queue runs elsewhere`() async throws {
        // One thread: the jobs that the blocker has just made are in its slot and its ring.
        for declared in [true, false] {
            let pool = try ThreadPool(
                .init(minThreads: 1, blockedAfter: declared ? .seconds(3600) : .milliseconds(1)))
            await Task(executorPreference: pool) {
                let done = DispatchSemaphore(value: 0)
                for _ in 0..<10 { Task(executorPreference: pool) { done.signal() } }
                for _ in 0..<10 {
                    if declared { withBlocking { blockingWait(done) } } else { blockingWait(done) }
                }
            }.value
            await pool.shutdown()
        }
    }

    @Test func `maxThreads is a limit, and jobs beyond it wait their turn`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1, maxThreads: 4))
        let inside = Counter(0)
        let most = Maximum()
        let barrier = Barrier(4)
        let tasks = (0..<16).map { _ in
            Task(executorPreference: pool) {
                most.see(inside.increment())
                barrier.arriveAndWait()
                _ = inside.decrement()
            }
        }
        for task in tasks { await task.value }
        #expect(most.value == 4)
        #expect(pool.statistics.threads <= 4)
        await pool.shutdown()
    }

    @Test func `a worker that blocked and computes again, in the same job, counts again`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1, maxThreads: 3))
        let gate = DispatchSemaphore(value: 0)
        let first = Task(executorPreference: pool) {
            blockingWait(gate)
            while pool.statistics.blockedThreads > 0 { compute(1_000, seed: 0) }
        }
        // The monitor looks while work waits: there is always a job more than there are threads.
        let stop = Atomic(false)
        @Sendable func again() {
            guard !stop.load(ordering: .relaxed) else { return }
            pool.queueWorkItem { again() }
        }
        for _ in 0..<4 { again() }
        while pool.statistics.blockedThreads == 0 { await Task.yield() }
        gate.signal()
        await first.value
        stop.store(true, ordering: .relaxed)
        await pool.shutdown()
    }

    @Test func `a broken pipe or a profiler's signal reaches a worker, a program's signals do not`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1))
        let blocked = await withUnsafeContinuation { (continuation: UnsafeContinuation<[Bool], Never>) in
            pool.queueWorkItem {
                var mask = sigset_t()
                pthread_sigmask(SIG_BLOCK, nil, &mask)
                let signals = [SIGPIPE, SIGPROF, SIGSYS, SIGSEGV, SIGINT, SIGTERM, SIGUSR1]
                continuation.resume(returning: signals.map { sigismember(&mask, $0) == 1 })
            }
        }
        #expect(blocked == [false, false, false, false, true, true, true])
        await pool.shutdown()
    }

    // Under the thread sanitizer jobs do block: its memory maps fight over the kernel's lock.
    @Test(.disabled(if: isThreadSanitized)) func `load that computes never grows the pool`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2))
        let replaced = Replacements()
        pool.addObserver(replaced)
        let tasks = (0..<40).map { index in
            Task(executorPreference: pool) { compute(1_000_000, seed: index) }
        }
        for task in tasks { _ = await task.value }
        #expect(pool.statistics.injectedThreads <= replaced.count.now)
        await pool.shutdown()
    }

    // The same under the sanitizer: a computing thread that the kernel holds up is replaced, and then there are three.
    @Test(.disabled(if: isThreadSanitized)) func `after a storm of blocking no more than minThreads compute at once`()
        async throws
    {
        let pool = try ThreadPool(.init(minThreads: 2, idleTimeout: .seconds(3600)))
        let barrier = Barrier(32)
        let storm = (0..<32).map { _ in Task(executorPreference: pool) { barrier.arriveAndWait() } }
        for task in storm { await task.value }
        // Each blocker has left its job; its worker parks before it takes another one. The limit that was raised while
        // everything blocked falls when the monitor looks next.
        await until { pool.scheduler.limit.load(ordering: .relaxed) == 2 }
        let inside = Counter(0)
        let most = Maximum()
        let replaced = Replacements()
        pool.addObserver(replaced)
        let work = (0..<60).map { index in
            Task(executorPreference: pool) {
                most.see(inside.increment())
                compute(200_000, seed: index)
                _ = inside.decrement()
            }
        }
        for task in work { await task.value }
        #expect(most.value <= 2 + replaced.count.now)
        #expect(pool.statistics.threads >= 32)
        await pool.shutdown()
    }

    @Test func `withBlocking nests, returns, throws, and means nothing elsewhere`() async throws {
        struct Failure: Error {}
        #expect(withBlocking { 1 } == 1)
        #expect(throws: Failure.self) { try withBlocking { throw Failure() } }
        let pool = try ThreadPool(.init(minThreads: 1))
        let blocked = await Task(executorPreference: pool) {
            withBlocking { withBlocking { pool.statistics.blockedThreads } }
        }.value
        #expect(blocked == 1)
        await Task(executorPreference: pool) {}.value
        #expect(pool.statistics.blockedThreads == 0)
        await pool.shutdown()
    }
}

/// `DispatchSemaphore.wait`, which Swift refuses in asynchronous code; this is what a library hides.
func blockingWait(_ semaphore: DispatchSemaphore) { semaphore.wait() }

/// Counts the workers that are found blocked. On a very busy machine one that computes really waits at times: for a lock
/// of the Swift runtime, whose holder the kernel does not let run.
final class Replacements: ThreadPool.Observer {
    let count = Counter(0)
    func workerBlocked(_ worker: Int, declared: Bool) { _ = count.increment() }
}

/// Uses a processor and nothing else: reading a clock goes through the Swift runtime, whose locks a busy process makes
/// threads wait for.
@discardableResult
func compute(_ rounds: Int, seed: Int) -> Int {
    var value = seed
    var round = 0
    while round < rounds {
        value = value &* 6_364_136_223_846_793_005 &+ 1
        round += 1
    }
    return value
}

/// The largest value seen.
final class Maximum: Sendable {
    private let largest = Atomic(Int.min)
    func see(_ value: Int) { largest.max(value, ordering: .relaxed) }
    var value: Int { largest.load(ordering: .relaxed) }
}

/// Lets nobody through before all are there; then starts over.
final class Barrier: Sendable {
    private let size: Int
    private let condition = NSCondition()
    private let state = Mutex((arrived: 0, round: 0))

    init(_ size: Int) { self.size = size }

    func arriveAndWait() {
        condition.lock()
        let round = state.withLock { state in
            state.arrived += 1
            defer { if state.arrived == size { state = (0, state.round + 1) } }
            return state.round
        }
        condition.broadcast()
        while state.withLock({ $0.round }) == round { condition.wait() }
        condition.unlock()
    }
}
