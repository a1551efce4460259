import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ConcertoRuntime

@Suite struct ObserverTests {
    @Test func `an observer can count runs and waits per task`() async throws {
        final class Counts: ThreadPool.Observer {
            private let events = Locked<[UInt64: (enqueued: Int, started: Int, stopped: Int)]>([:])
            private let items = Locked(0)
            func jobEnqueued(_ job: ThreadPool.Job) {
                if job.kind == .task { events.withLock { $0[job.taskID, default: (0, 0, 0)].enqueued += 1 } }
                if job.kind == .workItem { items.withLock { $0 += 1 } }
            }
            func jobStarted(_ job: ThreadPool.Job, worker: Int) {
                if job.kind == .task { events.withLock { $0[job.taskID, default: (0, 0, 0)].started += 1 } }
            }
            func jobStopped(_ job: ThreadPool.Job, worker: Int) {
                if job.kind == .task { events.withLock { $0[job.taskID, default: (0, 0, 0)].stopped += 1 } }
            }
            var all: [(enqueued: Int, started: Int, stopped: Int)] { events.withLock { Array($0.values) } }
            var workItems: Int { items.withLock { $0 } }
        }
        let pool = try ThreadPool(.init(minThreads: 2))
        let counts = Counts()
        pool.addObserver(counts)
        let tasks = (0..<50).map { _ in
            Task(executorPreference: pool) {
                for _ in 0..<3 { await ThreadPool.yield() }
            }
        }
        for task in tasks { await task.value }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            pool.queueWorkItem { continuation.resume() }
        }
        await pool.shutdown()
        pool.removeObserver(counts)
        #expect(counts.workItems == 1)
        #expect(counts.all.count == 50)
        // Started once, and once after each of three yields.
        for task in counts.all { #expect(task == (4, 4, 4)) }
    }

    @Test func `an observer sees threads start, block, recover and retire, and none after it is removed`() async throws
    {
        final class Log: ThreadPool.Observer {
            private let lines = Locked<[String]>([])
            func workerBlocked(_ worker: Int, declared: Bool) { lines.withLock { $0.append("blocked \(declared)") } }
            func workerRecovered(_ worker: Int) { lines.withLock { $0.append("recovered") } }
            func threadStarted(_ worker: Int) { lines.withLock { $0.append("started") } }
            func threadRetired(_ worker: Int) { lines.withLock { $0.append("retired") } }
            var all: [String] { lines.withLock { $0 } }
        }
        let pool = try ThreadPool(.init(minThreads: 1))
        let log = Log()
        pool.addObserver(log)
        await Task(executorPreference: pool) { withBlocking {} }.value
        let barrier = Barrier(3)
        let tasks = (0..<3).map { _ in Task(executorPreference: pool) { barrier.arriveAndWait() } }
        for task in tasks { await task.value }
        await pool.shutdown()
        let lines = log.all
        #expect(lines.filter { $0 == "blocked true" }.count == 1)
        #expect(lines.filter { $0 == "blocked false" }.count >= 2)
        #expect(lines.filter { $0 == "recovered" }.count == lines.filter { $0.hasPrefix("blocked") }.count)
        #expect(lines.filter { $0 == "started" }.count == lines.filter { $0 == "retired" }.count)
        pool.removeObserver(log)
        pool.removeObserver(log)
    }
}

/// What a pool tells of blocked workers, and a chance to hold it up while it does.
private final class BlockingLog: ThreadPool.Observer {
    private let lines = Locked<[String]>([])
    private let whileToldBlocked: @Sendable () -> Void
    init(whileToldBlocked: @escaping @Sendable () -> Void = {}) { self.whileToldBlocked = whileToldBlocked }

    func workerBlocked(_ worker: Int, declared: Bool) {
        whileToldBlocked()
        lines.withLock { $0.append("blocked \(declared)") }
    }
    func workerRecovered(_ worker: Int) { lines.withLock { $0.append("recovered") } }
    var all: [String] { lines.withLock { $0 } }
}

@Suite struct BlockingEventTests {
    @Test func `a worker is not told to have recovered before it is told to block`() async throws {
        // Cause: the monitor told after it had marked the worker, which could end its job, and tell so, in between.
        let gate = DispatchSemaphore(value: 0)
        let nextHasRun = DispatchSemaphore(value: 0)
        let isFirst = Atomic(true)
        let log = BlockingLog {
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            gate.signal()
            nextHasRun.wait()
        }
        let pool = try ThreadPool(.init(minThreads: 1, maxThreads: 1))
        pool.addObserver(log)
        let task = Task<Void, Never>(executorPreference: pool) { blockingWait(gate) }
        let next = Task<Void, Never>(executorPreference: pool) { _ = nextHasRun.signal() }
        await task.value
        await next.value
        await pool.shutdown()
        #expect(log.all.prefix(2) == ["blocked false", "recovered"])
    }

    @Test func `a worker that was found blocked and then says so is told to block once`() async throws {
        // Cause: it was told twice, and to have recovered once.
        let log = BlockingLog()
        let pool = try ThreadPool(.init(minThreads: 1, maxThreads: 1))
        pool.addObserver(log)
        let gate = DispatchSemaphore(value: 0)
        let task = Task<Void, Never>(executorPreference: pool) {
            blockingWait(gate)
            withBlocking {}
        }
        let next = Task(executorPreference: pool) {}
        while pool.statistics.blockedThreads == 0 { await Task.yield() }
        gate.signal()
        await task.value
        await next.value
        await pool.shutdown()
        // On a very busy machine it may be found more than once.
        for (index, line) in log.all.enumerated() {
            #expect(line.hasPrefix(index.isMultiple(of: 2) ? "blocked" : "rec"))
        }
        #expect(log.all.count.isMultiple(of: 2) && log.all.first == "blocked false")
    }
}

// The thread sanitizer delays signals until the interrupted call returns.
@Suite(.serialized, .disabled(if: isThreadSanitized)) struct BlockingReportTests {
    // Elsewhere a job blocks for as long as the test wants; here until another job has run.
    private func blockOnce(_ pool: ThreadPool, quietly: Bool) async {
        let tasks = (0..<2).map { _ in
            Task(executorPreference: pool) {
                let done = DispatchSemaphore(value: 0)
                pool.queueWorkItem(priority: .low) { done.signal() }
                if quietly {
                    ThreadPool.withoutBlockingReports { waitHereForTheReport(done) }
                } else {
                    waitHereForTheReport(done)
                }
            }
        }
        for task in tasks { await task.value }
    }

    private final class Reports: Sendable {
        private let all = Locked<[ThreadPool.BlockingReport]>([])
        func add(_ report: ThreadPool.BlockingReport) { all.withLock { $0.append(report) } }

        /// The first that shows `function`, of this pool: on a very busy machine other waits are reported too.
        func first(of pool: String, in function: String) -> ThreadPool.BlockingReport? {
            all.withLock { $0.first { $0.pool == pool && $0.description.contains(function) } }
        }
    }

    @Test func `a report names what blocks, unless its scope forbids it`() async throws {
        let reports = Reports()
        ThreadPool.onBlockingReport { reports.add($0) }
        let quiet = try ThreadPool(.init(minThreads: 1, name: "quiet", reportsBlocking: true))
        await blockOnce(quiet, quietly: true)
        await quiet.shutdown()

        let pool = try ThreadPool(.init(minThreads: 1, name: "loud", reportsBlocking: true))
        // On a very busy machine a thread may not answer in time, and names take a while: then block again.
        for _ in 0..<10_000 where reports.first(of: "loud", in: "waitHereForTheReport") == nil {
            await blockOnce(pool, quietly: false)
        }
        let report = try #require(reports.first(of: "loud", in: "waitHereForTheReport"))
        #expect(report.frames.contains { $0.function?.contains("waitHereForTheReport") == true }, "\(report)")
        #expect(reports.first(of: "quiet", in: "waitHereForTheReport") == nil)
        // The pool's and the runtime's frames are there, and not shown.
        #expect(report.frames.contains { $0.function?.contains("Scheduler.work") == true }, "\(report.frames)")
        #expect(!report.description.contains("ConcertoRuntime.Scheduler"), "\(report)")
        #expect(report.jobFrames.last?.function?.contains("blockOnce") == true, "\(report)")
        #expect(report.description.hasPrefix("thread loud-0 (\(report.threadID)) blocks for "), "\(report)")
        await pool.shutdown()
    }

    // F2: a closure behind a generic lock was wrapped once more with every look at it.
    @Test func `the handler of reports may be asked for any number of times, F2`() {
        for _ in 0..<200_000 { _ = BlockingReporter.handler.withLock { $0 } }
        let calls = Counter(0)
        ThreadPool.onBlockingReport { _ in _ = calls.increment() }
        for _ in 0..<200_000 { _ = BlockingReporter.handler.withLock { $0 } }
        let report = ThreadPool.BlockingReport(
            pool: "p", worker: 0, threadID: 1, blockedFor: .milliseconds(2), frames: [], suppressed: 0)
        BlockingReporter.handler.withLock { $0 }.call(report)
        #expect(calls.now == 1)
        #expect("\(report)" == "thread p-0 (1) blocks for 2 ms now")
    }

    // Once missing: the C library keeps no frame records, and so whoever called it was skipped.
    @Test func `a report names who called the C library`() async throws {
        let reports = Reports()
        ThreadPool.onBlockingReport { reports.add($0) }
        let pool = try ThreadPool(.init(minThreads: 1, name: "libc", reportsBlocking: true))
        var report: ThreadPool.BlockingReport?
        for _ in 0..<100 where report == nil {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                pool.queueWorkItem {
                    readSlowly { reports.first(of: "libc", in: "readSlowly") == nil }
                    continuation.resume()
                }
                // Somebody has to wait for the blocked thread.
                pool.queueWorkItem {}
            }
            report = reports.first(of: "libc", in: "readSlowly")
        }
        let found = try #require(report)
        let functions = found.frames.map { $0.function ?? "" }
        let blocking = try #require(functions.firstIndex { $0.contains("blockInTheCLibrary") }, "\(found)")
        #expect(functions.dropFirst(blocking + 1).contains { $0.contains("readSlowly") }, "\(found)")
        await pool.shutdown()
    }
}

@inline(never)
private func readSlowly(while goesOn: () -> Bool) {
    let limit = ContinuousClock.now + .milliseconds(500)
    while goesOn(), ContinuousClock.now < limit, blockInTheCLibrary() {}
}

// What it returns is made after the call: in release a call at the very end would leave no frame. The report's signal ends
// the sleep early.
@inline(never)
private func blockInTheCLibrary() -> Bool { usleep(50_000) == 0 || errno == EINTR }

@inline(never)
func waitHereForTheReport(_ semaphore: DispatchSemaphore) {
    semaphore.wait()
    withExtendedLifetime(semaphore) {}
}
