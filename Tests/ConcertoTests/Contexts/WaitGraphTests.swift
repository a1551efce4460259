import Concerto
import ConcertoTesting
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

    @Test func `A reader that wants to write while it reads is told so, with both places`() async throws {
        WaitGraph.activate()
        let lock = AsyncReaderWriterLock()
        let error = await #expect(throws: DeadlockError.self) {
            try await lock.withReadLock { try await lock.withWriteLock {} }
        }
        let description = try #require(error).description
        #expect(
            description.contains(
                "waits for AsyncReaderWriterLock (to write) at ConcertoTests/WaitGraphTests.swift"))
        #expect(description.contains("held by this very flow, from ConcertoTests/WaitGraphTests.swift"))
        await #expect(throws: DeadlockError.self) {
            try await lock.withWriteLock { try await lock.withReadLock {} }
        }
        // Nothing is left of it.
        try await lock.withWriteLock {}
        #expect(lock.readers == 0 && !lock.isWriteLocked)
    }

    @Test func `Two writers of two locks, each of which wants to read the other's, make a deadlock`() async throws {
        WaitGraph.activate()
        let (one, other) = (AsyncReaderWriterLock(), AsyncReaderWriterLock())
        let holds = TaskCompletionSource<Void>()
        let first = Task {
            try await one.withWriteLock {
                await holds.task.settled()
                try await other.withReadLock {}
            }
        }
        await #expect(throws: DeadlockError.self) {
            try await other.withWriteLock {
                holds.trySetResult()
                while other.statistics.waiters == 0 { await Task.yield() }
                try await one.withReadLock {}
            }
        }
        try await first.value
    }

    @Test func `A reader behind a writer that may give up makes no deadlock`() async throws {
        WaitGraph.activate()
        let clock = ManualClock()
        let lock = AsyncReaderWriterLock()
        try await lock.withReadLock {
            let writer = Task { try await lock.writeLock(timeout: .seconds(1), clock: clock) }
            await clock.sleepers(count: 1)
            let reader = Task { try await lock.withReadLock {} }
            while lock.statistics.waiters < 2 { await Task.yield() }
            clock.advance(by: .seconds(1))
            #expect(try await writer.value == false)
            try await reader.value
        }
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
