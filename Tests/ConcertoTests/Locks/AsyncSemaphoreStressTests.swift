import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct AsyncSemaphoreStressTests {
    @Test(.row("1.7.7"), arguments: [UInt64(1), 2, 3])
    func `Grant against cancel against timeout: permits are conserved over 10,000 random interleavings`(seed: UInt64)
        throws
    {
        var random = SeededRandom(seed: seed)
        for round in 0..<10_000 {
            let interleaving = random.next()
            let executor = ManualExecutor(order: .random(seed: interleaving))
            let clock = ManualClock()
            let semaphore = AsyncSemaphore(permits: 1, maxPermits: 2)
            let held = Counter()
            let most = Counter()
            func hold() async throws {
                let now = held.add()
                if now > 1 { most.add() }
                await Task.yield()
                held.add(-1)
                try semaphore.release()
            }
            let tasks = (0..<4).map { number in
                executor.task {
                    if number % 2 == 0 {
                        try await semaphore.acquire()
                    } else if try await !semaphore.acquire(timeout: .seconds(1), clock: clock) {
                        return
                    }
                    try await hold()
                }
            }
            executor.task { tasks[Int(interleaving % 4)].cancel() }
            executor.task { clock.advance(by: .seconds(1)) }
            executor.runUntilIdle()
            let note: Comment = "seed \(seed), round \(round), interleaving \(interleaving)"
            try #require(semaphore.availablePermits == 1, note)
            try #require(semaphore.statistics.waiters == 0, note)
            try #require(most.value == 0, note)
            try #require(clock.pending == 0, note)
        }
    }

    @Test func `Close against wait, 10,000 rounds: a wait ends with its permit or with ClosedError`() async throws {
        for round in 0..<10_000 {
            let semaphore = AsyncSemaphore(permits: round % 2, maxPermits: 4)
            let ended = Counter()
            async let first: Void = Self.wait(semaphore, ended)
            async let second: Void = Self.wait(semaphore, ended)
            semaphore.close()
            try semaphore.release()
            _ = await (first, second)
            #expect(ended.value == 2, "round \(round)")
            #expect(semaphore.statistics.waiters == 0, "round \(round)")
        }
    }

    private static func wait(_ semaphore: AsyncSemaphore, _ ended: Counter) async {
        do {
            try await semaphore.acquire()
            ended.add()
            try semaphore.release()
        } catch is ClosedError { ended.add() } catch { Issue.record(error) }
    }

    @Test func `Grant against cancel on real threads: 10,000 rounds, every permit comes back`() async throws {
        let semaphore = AsyncSemaphore(permits: 2, maxPermits: 2)
        let inside = Counter()
        let violations = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10_000 {
                let task = Task {
                    try await semaphore.withPermit {
                        if inside.add() > 2 { violations.add() }
                        await Task.yield()
                        inside.add(-1)
                    }
                }
                group.addTask {
                    await Task.yield()
                    task.cancel()
                    _ = await task.result
                }
            }
            try await group.waitForAll()
        }
        #expect(violations.value == 0)
        #expect(semaphore.availablePermits == 2)
        #expect(semaphore.statistics.waiters == 0)
    }
}
