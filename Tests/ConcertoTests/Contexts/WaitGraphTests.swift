import Concerto
import Testing

@Suite(.leakFree) struct WaitGraphTests {
    // Cause: the permits at the start counted as all there are, so a semaphore used as a signal looked like a deadlock.
    @Test func `A semaphore to which permits may be added never makes a deadlock`() async throws {
        WaitGraph.activate()
        for semaphore in [AsyncSemaphore(permits: 1, maxPermits: 2), AsyncSemaphore(permits: 1)] {
            let waiting = Task {
                try await semaphore.withPermit { try await semaphore.acquire() }
                return true
            }
            while semaphore.statistics.waiters == 0 && semaphore.statistics.waits == 0 { await Task.yield() }
            try semaphore.release()
            #expect(try await waiting.value)
        }
    }

    @Test func `A semaphore with a fixed number of permits still does, and can be used afterwards`() async throws {
        WaitGraph.activate()
        let semaphore = AsyncSemaphore(permits: 2, maxPermits: 2)
        await #expect(throws: DeadlockError.self) {
            try await semaphore.withPermits(2) { try await semaphore.withPermit {} }
        }
        #expect(semaphore.availablePermits == 2)
        try await semaphore.withPermit {
            // One permit is free again: nothing is stuck.
            try await semaphore.withPermit {}
            await #expect(throws: DeadlockError.self) {
                try await semaphore.withPermit { try await semaphore.withPermit {} }
            }
        }
        #expect(semaphore.availablePermits == 2)
    }

    // Cause: every wait searched all waits, and the search forgot what it had seen: with n locks of two holders each it
    // took 2^n steps.
    @Test func `A wide graph without a cycle is searched once`() async throws {
        WaitGraph.activate()
        let depth = 40
        let levels = (0...depth).map { _ in AsyncSemaphore(permits: 2, maxPermits: 2) }
        let open = TaskCompletionSource<Void>()
        let held = Counter()
        let last = Task {
            try await levels[depth].withPermits(2) {
                held.add()
                try await open.task.value
            }
        }
        while held.value < 1 { await Task.yield() }
        var holders: [Task<Void, any Error>] = []
        // Each level is held twice by flows that wait for the next one.
        for level in (0..<depth).reversed() {
            for _ in 0..<2 {
                holders.append(
                    Task { try await levels[level].withPermit { try await levels[level + 1].withPermit {} } })
            }
            while levels[level + 1].statistics.waiters < 2 { await Task.yield() }
        }
        let own = AsyncLock()
        let first = Task { try await own.withLock { try await levels[0].withPermit {} } }
        while levels[0].statistics.waiters == 0 { await Task.yield() }
        open.trySetResult()
        for holder in holders + [last, first] { try await holder.value }
        #expect(levels.allSatisfy { $0.availablePermits == 2 })
    }

    @Test func `2,000 tasks on 8 permits end with the graph on, and leave all permits`() async throws {
        WaitGraph.activate()
        let semaphore = AsyncSemaphore(permits: 8, maxPermits: 8)
        let done = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2_000 {
                group.addTask {
                    try await semaphore.withPermit {
                        await Task.yield()
                        done.add()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(done.value == 2_000)
        #expect(semaphore.availablePermits == 8)
    }
}
