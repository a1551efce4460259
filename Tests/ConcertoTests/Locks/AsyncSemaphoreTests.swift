import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct AsyncSemaphoreTests {
    let executor = ManualExecutor()
    let log = Recorder<String>()

    private func waiter(_ name: String, _ semaphore: AsyncSemaphore, _ count: Int = 1) -> Task<Void, any Error> {
        executor.task {
            do {
                try await semaphore.acquire(count)
                log.record(name)
            } catch {
                log.record("\(name): \(type(of: error))")
            }
        }
    }

    @Test func `Permits are taken at once while they are free`() async throws {
        let semaphore = AsyncSemaphore(permits: 2)
        try await semaphore.acquire()
        #expect(semaphore.tryAcquire())
        #expect(!semaphore.tryAcquire())
        #expect(semaphore.availablePermits == 0)
    }

    @Test(.row("1.7.5"))
    func `Waiters are served in the order in which they came`() throws {
        let semaphore = AsyncSemaphore(permits: 0)
        for name in ["a", "b", "c"] { _ = waiter(name, semaphore) }
        executor.runUntilIdle()
        #expect(semaphore.statistics.waiters == 3)
        for _ in 0..<3 { try semaphore.release() }
        executor.runUntilIdle()
        #expect(log.entries == ["a", "b", "c"])
        #expect(semaphore.statistics == WaitStatistics.expected(waits: 3))
    }

    @Test(.row("1.7.5"))
    func `A newcomer does not overtake a waiter that has been granted or waits for more`() throws {
        let semaphore = AsyncSemaphore(permits: 1)
        _ = waiter("large", semaphore, 2)
        executor.runUntilIdle()
        #expect(!semaphore.tryAcquire(), "one permit is free, but somebody waits for two")
        _ = waiter("small", semaphore)
        executor.runUntilIdle()
        #expect(log.entries.isEmpty)
        try semaphore.release()
        executor.runUntilIdle()
        #expect(log.entries == ["large"])
        try semaphore.release(2)
        executor.runUntilIdle()
        #expect(log.entries == ["large", "small"])
    }

    @Test func `A cancelled large request lets the small ones behind it in`() throws {
        let semaphore = AsyncSemaphore(permits: 1)
        let large = waiter("large", semaphore, 2)
        _ = waiter("small", semaphore)
        executor.runUntilIdle()
        large.cancel()
        executor.runUntilIdle()
        #expect(log.entries.sorted() == ["large: CancellationError", "small"])
        #expect(semaphore.availablePermits == 0)
    }

    @Test(.row("1.7.2"))
    func `release returns the previous count`() throws {
        let semaphore = AsyncSemaphore(permits: 1)
        #expect(try semaphore.release(3) == 1)
        #expect(try semaphore.release() == 4)
    }

    @Test(.row("1.7.2"))
    func `release above the maximum throws SemaphoreFullError and changes nothing, also where the sum overflows`() {
        let semaphore = AsyncSemaphore(permits: 1, maxPermits: 2)
        #expect(throws: SemaphoreFullError(maxPermits: 2)) { try semaphore.release(2) }
        #expect(throws: SemaphoreFullError(maxPermits: 2)) { try semaphore.release(.max) }
        #expect(semaphore.availablePermits == 1)
    }

    @Test(.row("1.7.1"))
    func `Bad counts trap with a message`() async {
        let results = [
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = AsyncSemaphore(permits: -1)
            },
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = AsyncSemaphore(permits: 0, maxPermits: 0)
            },
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = AsyncSemaphore(permits: 3, maxPermits: 2)
            },
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = try AsyncSemaphore(permits: 0).release(0)
            },
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = AsyncSemaphore(permits: 0).tryAcquire(-1)
            },
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                try await AsyncSemaphore(permits: 0, maxPermits: 2).acquire(3)
            },
        ]
        let messages = results.map { String(decoding: $0?.standardErrorContent ?? [], as: UTF8.self) }
        let expected = [
            "needs permits >= 0, not -1", "needs maxPermits > 0, not 0", "cannot start with 3 of at most 2",
            "release needs a count >= 1, not 0", "needs a count >= 1, not -1", "at most 2 permits can never give 3",
        ]
        for (message, expected) in zip(messages, expected) { #expect(message.contains(expected)) }
    }

    @Test(.row("1.7.3"))
    func `A timeout of zero asks once and does not queue`() async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        #expect(try await semaphore.acquire(timeout: .zero))
        #expect(try await !semaphore.acquire(timeout: .zero))
        #expect(semaphore.statistics.waits == 0)
        await #expect(throws: ArgumentError.self) { try await semaphore.acquire(timeout: .milliseconds(-2)) }
    }

    @Test func `A timed wait ends after its timeout without a permit`() async throws {
        let clock = ManualClock()
        let semaphore = AsyncSemaphore(permits: 0)
        let task = executor.task { try await semaphore.acquire(timeout: .seconds(5), clock: clock) }
        executor.runUntilIdle()
        clock.advance(by: .seconds(4))
        #expect(semaphore.statistics.waiters == 1)
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        #expect(try await task.value == false)
        #expect(semaphore.statistics.waiters == 0)
    }

    @Test func `A timed wait that is granted takes its timer back`() async throws {
        let clock = ManualClock()
        let semaphore = AsyncSemaphore(permits: 0)
        let task = executor.task { try await semaphore.acquire(timeout: .seconds(5), clock: clock) }
        executor.runUntilIdle()
        #expect(clock.pending == 1)
        try semaphore.release()
        executor.runUntilIdle()
        #expect(try await task.value)
        #expect(clock.pending == 0)
    }

    @Test(.row("1.7.4"))
    func `A cancelled task or token takes nothing, even if a permit is free`() async {
        let semaphore = AsyncSemaphore(permits: 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await semaphore.acquire()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) { try await semaphore.acquire(cancellation: .cancelled) }
        #expect(semaphore.availablePermits == 1)
    }

    @Test func `Cancelling the task or the token ends the wait and takes nothing`() async throws {
        let semaphore = AsyncSemaphore(permits: 0)
        let source = CancellationTokenSource()
        let byTask = executor.task { try await semaphore.acquire() }
        let byToken = executor.task { try await semaphore.acquire(cancellation: source.token) }
        executor.runUntilIdle()
        byTask.cancel()
        source.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await byTask.value }
        await #expect(throws: CancellationError.self) { try await byToken.value }
        try semaphore.release()
        #expect(semaphore.availablePermits == 1)
    }

    @Test(.row("1.7.7"))
    func `A waiter that was granted keeps its permit when it is cancelled before it resumes`() async throws {
        let clock = ManualClock()
        let semaphore = AsyncSemaphore(permits: 0)
        let cancelled = executor.task { try await semaphore.acquire() }
        let timed = executor.task { try await semaphore.acquire(timeout: .seconds(1), clock: clock) }
        executor.runUntilIdle()
        try semaphore.release(2)
        cancelled.cancel()
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        try await cancelled.value
        #expect(try await timed.value)
        #expect(semaphore.availablePermits == 0)
    }

    @Test(.row("1.7.6"))
    func `Nothing runs inside release`() throws {
        let semaphore = AsyncSemaphore(permits: 0)
        for depth in 0..<20 { _ = waiter("\(depth)", semaphore) }
        executor.runUntilIdle()
        try semaphore.release(20)
        #expect(log.entries.isEmpty)
        executor.runUntilIdle()
        #expect(log.count == 20)
    }

    @Test func `withPermit gives the permit back when its body throws`() async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        await #expect(throws: Failure.self) { try await semaphore.withPermit { throw Failure() } }
        #expect(try await semaphore.withPermits(1) { 5 } == 5)
        #expect(semaphore.availablePermits == 1)
    }

    @Test func `withPermit does not leave the caller's actor`() async throws {
        try await Task { @MainActor in
            try await AsyncSemaphore(permits: 1).withPermit { MainActor.assertIsolated() }
        }.value
    }

    @Test(.row("1.7.8"))
    func `Closing fails every waiter, and permits can still be given back`() throws {
        let semaphore = AsyncSemaphore(permits: 0)
        _ = waiter("a", semaphore)
        executor.runUntilIdle()
        semaphore.close()
        _ = waiter("b", semaphore)
        executor.runUntilIdle()
        #expect(log.entries == ["a: ClosedError", "b: ClosedError"])
        #expect(try semaphore.release() == 0)
        #expect(!semaphore.tryAcquire())
    }
}

extension WaitStatistics {
    /// Nobody waits now; `waits` had to.
    static func expected(waits: UInt64) -> WaitStatistics {
        WaitStatistics(waiters: 0, waits: waits, longestWait: .zero)
    }
}
