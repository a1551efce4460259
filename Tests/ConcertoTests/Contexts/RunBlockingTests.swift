import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct RunBlockingTests {
    private func blocking<Success: Sendable>(_ body: @escaping @Sendable () async throws -> Success) throws -> Success {
        try runBlocking(body)
    }

    @Test(.row("1.1.9"))
    func `runBlocking returns the value or throws the error itself, with task-local values`() async throws {
        let value = try await Local.$value.withValue(6) {
            try await Task { try blocking { Local.value } }.value
        }
        #expect(value == 6)
        await #expect(throws: Failure(1)) { try await Task { try blocking { throw Failure(1) } }.value }
        await #expect(throws: CancellationError.self) {
            try await Task { try blocking { _ = try await TaskHandle<Int>.cancelled.value } }.value
        }
    }

    @Test(.row("1.2.11"))
    func `Waiting synchronously for all throws every error, and for any with a limit says when it is over`()
        async throws
    {
        let (aggregate, first, late) = try await Task {
            let aggregate = Result {
                try blocking {
                    let tasks: [TaskHandle<Int>] = [.failed(Failure(1)), .completed(1), .failed(Failure(2))]
                    return try await Task.whenAll(tasks)
                }
            }
            let first = try blocking {
                try await Task.whenAny([TaskCompletionSource<Int>().task, TaskHandle.completed(2)]).value
            }
            let late = Result {
                let clock = ManualClock()
                return try blocking {
                    let wait = Task {
                        try await TaskCompletionSource<Int>().task.wait(timeout: .seconds(1), clock: clock)
                    }
                    await clock.sleepers()
                    clock.advance(by: .seconds(1))
                    return try await wait.value
                }
            }
            return (aggregate, first, late)
        }.value
        let error = #expect(throws: AggregateError.self) { try aggregate.get() }
        #expect(error?.errors as? [Failure] == [Failure(1), Failure(2)])
        #expect(first == 2)
        #expect(throws: TimeoutError(limit: .seconds(1))) { try late.get() }
    }

    @Test(.row("1.1.21"))
    func `Many more blocked tasks than processors do not starve each other`() async throws {
        let results = try await Task.whenAll(
            (0..<16).map { number in
                { @Sendable () async throws -> Int in
                    try blocking {
                        try await Task.delay(for: .milliseconds(1))
                        return number
                    }
                }
            })
        #expect(results == Array(0..<16))
    }

    @Test func `On a context's own thread it pumps the context, nested, and comes back to the same task`() async throws
    {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        let task = Task.run(on: context) {
            try Local.$value.withValue(9) {
                try blocking {
                    let inner = try await Task.run(on: context) {
                        try blocking { SynchronizationContext.current === context && Local.value == 9 }
                    }.value
                    return inner && SynchronizationContext.current === context
                }
            }
        }
        #expect(try await task.value)
    }

    @Test(.row("1.6.5"))
    func `The classic deadlock, blocking a context on work that needs the context, ends`() async throws {
        let context = SynchronizationContext.withThread(named: "interface")
        defer { context.stop() }
        let title = try await Task.run(on: context) {
            // .NET: `DownloadAsync().Result` on the interface thread.
            try blocking {
                try await Task.delay(for: .milliseconds(1))
                return SynchronizationContext.current === context ? "back on the context" : "elsewhere"
            }
        }.value
        #expect(title == "back on the context")
    }

    @Test func `Two contexts that send to each other end`() async throws {
        let first = SynchronizationContext.withThread(named: "first")
        let second = SynchronizationContext.withThread(named: "second")
        defer {
            first.stop()
            second.stop()
        }
        let there = Task.run(on: first) { try sendFromHere(second) { try first.send { 1 } } }
        let back = Task.run(on: second) { try sendFromHere(first) { try second.send { 2 } } }
        #expect(try await there.value == 1)
        #expect(try await back.value == 2)
    }

    @Test func `A cancelled caller starts the operation cancelled, and the current token cancels it`() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try blocking { Task.isCancelled }
        }
        #expect(try await task.value)
        // Not a thread of Swift's own executor: what cancels has to run meanwhile.
        let pool = try ThreadPool(.init(minThreads: 1))
        let source = CancellationTokenSource()
        let started = TaskCompletionSource<Void>()
        let run = Task.run(on: pool, cancellation: source.token) {
            try blocking {
                started.trySetResult()
                try await Task.delay(for: .seconds(1_000))
            }
        }
        await started.task.settled()
        source.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        await pool.shutdown()
    }

    // Cause: only a cancellation before the call reached the operation; a later one waited for its end.
    @Test func `Cancelling the task that blocks cancels the operation, on a thread and on a context, 100 rounds`()
        async throws
    {
        let context = SynchronizationContext.withThread(named: "cancelled")
        defer { context.stop() }
        // Not a thread of Swift's own executor: what cancels has to run meanwhile.
        let pool = try ThreadPool(.init(minThreads: 1))
        for round in 0..<100 {
            let started = TaskCompletionSource<Void>()
            let task = Task.run(on: round.isMultiple(of: 2) ? context : pool) {
                try blocking {
                    started.trySetResult()
                    try await Task.delay(for: .seconds(1_000))
                }
            }
            // Before, while and after it begins to block.
            if round % 4 < 2 { await started.task.settled() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        await pool.shutdown()
    }

    @Test func `A cancellation passes through nested runBlocking, and after the call it reaches nothing of it`()
        async throws
    {
        let pool = try ThreadPool(.init(minThreads: 1))
        let started = TaskCompletionSource<Void>()
        let task = Task.run(on: pool) {
            let untouched = try blocking { Task.isCancelled }
            do {
                try blocking {
                    try blocking {
                        started.trySetResult()
                        try await Task.delay(for: .seconds(1_000))
                    }
                }
            } catch is CancellationError { return !untouched && Task.isCancelled }
            return false
        }
        await started.task.settled()
        task.cancel()
        #expect(try await task.value)
        await pool.shutdown()
    }

    @Test func `A lock that waits for itself through runBlocking gets a DeadlockError that names the places`()
        async throws
    {
        WaitGraph.activate()
        let lock = AsyncLock()
        let task = Task {
            try await lock.withLock { try blocking { try await lock.withLock {} } }
        }
        let error = await #expect(throws: DeadlockError.self) { try await task.value }
        let here = "ConcertoTests/RunBlockingTests.swift:"
        #expect(error?.cycle.first?.contains("waits for AsyncLock created at \(here)") == true)
        #expect(error?.cycle.last?.contains("holds itself, from \(here)") == true)
        #expect(!lock.isLocked)
    }

    @Test func `A cycle through two locks, a deadline and runBlocking is found by whoever would close it`() async throws
    {
        WaitGraph.activate()
        let first = AsyncLock()
        let second = AsyncLock()
        let firstHeld = TaskCompletionSource<Void>()
        let secondHeld = TaskCompletionSource<Void>()
        let one = Task {
            try await first.withLock {
                firstHeld.trySetResult()
                await secondHeld.task.settled()
                try await withDeadline(in: .seconds(1_000)) { try await second.withLock {} }
            }
        }
        let other = Task {
            try await second.withLock {
                secondHeld.trySetResult()
                await firstHeld.task.settled()
                while second.statistics.waiters == 0 { await Task.yield() }
                try blocking { try await first.withLock {} }
            }
        }
        let error = await #expect(throws: DeadlockError.self) { try await other.value }
        #expect(error?.cycle.count == 3)
        try await one.value
    }

    @Test func `What only looks like a cycle is left alone: other tasks, timed waits, free permits`() async throws {
        WaitGraph.activate()
        let lock = AsyncLock()
        let late = try await lock.withLock {
            // An unstructured task inherits the task-local values, but not the lock.
            let late = Task { try await lock.withLock { 1 } }
            while lock.statistics.waiters == 0 { await Task.yield() }
            #expect(WaitGraph.waits.contains { $0.contains("waits for AsyncLock") })
            let took = try await lock.lock(timeout: .milliseconds(1))
            #expect(!took)
            return late
        }
        #expect(try await late.value == 1)
        let semaphore = AsyncSemaphore(permits: 2)
        try await semaphore.acquire()
        try await semaphore.withPermit {
            let waiting = Task { try await semaphore.acquire() }
            while semaphore.statistics.waiters == 0 { await Task.yield() }
            try semaphore.release()
            try await waiting.value
        }
    }
}
