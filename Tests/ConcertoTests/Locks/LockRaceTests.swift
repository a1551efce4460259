import Concerto
import ConcertoTesting
import Testing

/// On real threads, with cancellations and time-outs that race grants.
@Suite(.leakFree) struct LockRaceTests {
    @Test func `A lock on real threads, 10,000 rounds of grant against cancel and time-out: one at a time, none lost`()
        async throws
    {
        let lock = AsyncLock()
        let guarded = Unprotected()
        let entered = Counter()
        try await race(seed: 41) { random in
            let isTimed = Int.random(in: 0..<4, using: &random) == 0
            return {
                if isTimed {
                    guard try await lock.lock(timeout: .microseconds(50)) else { return }
                    defer { lock.unlock() }
                    entered.add()
                    guarded.value += 1
                } else {
                    try await lock.withLock {
                        entered.add()
                        let before = guarded.value
                        await Task.yield()
                        guarded.value = before + 1
                    }
                }
            }
        }
        #expect(guarded.value == entered.value, "seed 41")
        #expect(guarded.value > 0)
        #expect(!lock.isLocked && lock.statistics.waiters == 0)
    }

    @Test func `Readers and writers on real threads, 10,000 rounds of grant against cancel: a writer is alone`()
        async throws
    {
        let lock = AsyncReaderWriterLock()
        let guarded = Unprotected()
        let written = Counter()
        let inside = Counter()
        let violations = Counter()
        try await race(seed: 42) { random in
            let writes = Int.random(in: 0..<3, using: &random) == 0
            return {
                if writes {
                    try await lock.withWriteLock {
                        if inside.add(1_000) != 1_000 { violations.add() }
                        written.add()
                        let before = guarded.value
                        await Task.yield()
                        guarded.value = before + 1
                        inside.add(-1_000)
                    }
                } else {
                    try await lock.withReadLock {
                        if inside.add() >= 1_000 { violations.add() }
                        let before = guarded.value
                        await Task.yield()
                        if guarded.value != before { violations.add() }
                        inside.add(-1)
                    }
                }
            }
        }
        #expect(violations.value == 0, "seed 42")
        #expect(guarded.value == written.value && written.value > 0)
        #expect(lock.readers == 0 && !lock.isWriteLocked && lock.statistics.waiters == 0)
    }

    @Test func `Large and small requests, tries and time-outs, 10,000 rounds: permits are conserved in both states`()
        async throws
    {
        let semaphore = AsyncSemaphore(permits: 4, maxPermits: 4)
        let held = Counter()
        let violations = Counter()
        try await race(seed: 43) { random in
            let count = Int.random(in: 1...4, using: &random)
            let kind = Int.random(in: 0..<4, using: &random)
            return {
                switch kind {
                case 0: guard semaphore.tryAcquire(count) else { return }
                case 1: guard try await semaphore.acquire(count, timeout: .microseconds(50)) else { return }
                default: try await semaphore.acquire(count)
                }
                if held.add(count) > 4 { violations.add() }
                if kind == 2 { await Task.yield() }
                held.add(-count)
                try semaphore.release(count)
            }
        }
        #expect(violations.value == 0, "seed 43")
        #expect(semaphore.availablePermits == 4 && semaphore.statistics.waiters == 0)
        #expect(throws: SemaphoreFullError.self) { try semaphore.release() }
    }

    /// Runs 10,000 of what `make` makes, up to 32 at a time, and cancels every third while it runs.
    private func race(
        seed: UInt64, _ make: (inout SeededRandom) -> @Sendable () async throws -> Void
    ) async throws {
        var random = SeededRandom(seed: seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<10_000 {
                if round >= 32 { try await group.next() }
                let isCancelled = Int.random(in: 0..<3, using: &random) == 0
                let body = make(&random)
                group.addTask {
                    let task = Task { try await body() }
                    if isCancelled { task.cancel() }
                    do { try await task.value } catch is CancellationError {}
                }
            }
            try await group.waitForAll()
        }
    }
}

/// What a lock has to protect: reading and writing it at once is a lost update, and a data race.
private final class Unprotected: @unchecked Sendable {
    // Sendable: only used under the lock that is tested.
    var value = 0
}
