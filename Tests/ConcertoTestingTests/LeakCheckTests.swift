import Concerto
import ConcertoTesting
import Testing

@Suite struct LeakCheckTests {
    @Test func `A wait that nobody ends and a task that somebody holds are leaks`() async throws {
        let semaphore = AsyncSemaphore(permits: 0)
        let executor = ManualExecutor()
        let holder = Holder()
        #if DEBUG
        await #expect(throws: LeakError(waiters: 1, tasks: 1)) {
            try await withLeakCheck {
                executor.task { try await semaphore.acquire() }
                executor.runUntilIdle()
                holder.task = .completed(1)
            }
        }
        #endif
        semaphore.close()
        executor.runUntilIdle()
        try await withLeakCheck {
            let waiting = executor.task { try await semaphore.acquire() }
            executor.runUntilIdle()
            await #expect(throws: ClosedError.self) { try await waiting.value }
        }
    }
}

private final class Holder {
    var task: TaskHandle<Int>?
}
