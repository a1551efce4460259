import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct LockTests {
    let executor = ManualExecutor()
    let log = Recorder<String>()

    @Test func `A lock holds one at a time, first come first served, across suspensions`() throws {
        let lock = AsyncLock()
        for name in ["a", "b", "c"] {
            executor.task {
                try await lock.withLock {
                    log.record("\(name) in")
                    await Task.yield()
                    log.record("\(name) out")
                }
            }
        }
        executor.runUntilIdle()
        #expect(log.entries == ["a in", "a out", "b in", "b out", "c in", "c out"])
        #expect(!lock.isLocked && lock.tryLock() && !lock.tryLock() && lock.isLocked)
        lock.unlock()
    }

    @Test func `A timed lock gives up, a closed lock refuses, an unlock without a lock traps`() async throws {
        let clock = ManualClock()
        let lock = AsyncLock()
        try await lock.lock()
        let timed = executor.task { try await lock.lock(timeout: .seconds(1), clock: clock) }
        let closed = executor.task { try await lock.lock() }
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        lock.close()
        executor.runUntilIdle()
        #expect(try await !timed.value)
        let error = await #expect(throws: ClosedError.self) { try await closed.value }
        // Once said that a semaphore was closed.
        #expect(error?.subject == "AsyncLock")
        await #expect(throws: ClosedError("AsyncLock")) { try await lock.lock() }
        await #expect(throws: ClosedError("AsyncLock")) { try await lock.lock(timeout: .zero) }
        lock.unlock()
        await #expect(processExitsWith: .failure) { AsyncLock().unlock() }
        await #expect(processExitsWith: .failure) { AsyncReaderWriterLock().readUnlock() }
        await #expect(processExitsWith: .failure) { AsyncReaderWriterLock().writeUnlock() }
    }

    @Test func `Readers share, a writer is alone, and nobody overtakes a waiting writer`() throws {
        let lock = AsyncReaderWriterLock()
        let gate = TaskCompletionSource<Void>()
        func reader(_ name: String) {
            executor.task {
                try await lock.withReadLock {
                    log.record("\(name) in")
                    await gate.task.settled()
                }
            }
        }
        reader("r1")
        reader("r2")
        executor.task { try await lock.withWriteLock { log.record("w in, readers \(lock.readers)") } }
        executor.runUntilIdle()
        reader("r3")
        executor.runUntilIdle()
        #expect(log.entries == ["r1 in", "r2 in"] && lock.readers == 2)
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(log.entries == ["r1 in", "r2 in", "w in, readers 0", "r3 in"])
        #expect(!lock.isWriteLocked && lock.readers == 0)
    }

    @Test func `A cancelled writer lets the readers in that waited behind it`() async throws {
        let lock = AsyncReaderWriterLock()
        try await lock.readLock()
        let writer = executor.task { try await lock.writeLock() }
        executor.runUntilIdle()
        let reader = executor.task { try await lock.readLock() }
        executor.runUntilIdle()
        #expect(lock.readers == 1)
        writer.cancel()
        executor.runUntilIdle()
        try await reader.value
        #expect(lock.readers == 2)
        #expect(try await !lock.writeLock(timeout: .zero))
        lock.readUnlock()
        lock.readUnlock()
        #expect(try await lock.writeLock(timeout: .zero) && lock.isWriteLocked)
        lock.writeUnlock()
    }

    @Test func `Random interleavings of readers and writers, 10,000 rounds: never a writer with somebody else`() throws
    {
        var random = SeededRandom(seed: 77)
        for round in 0..<10_000 {
            let interleaving = random.next()
            let executor = ManualExecutor(order: .random(seed: interleaving))
            let lock = AsyncReaderWriterLock()
            let inside = Counter()
            let violations = Counter()
            let tasks = (0..<5).map { number in
                executor.task {
                    if number % 2 == 0 {
                        try await lock.withWriteLock {
                            if inside.add(100) != 100 { violations.add() }
                            await Task.yield()
                            inside.add(-100)
                        }
                    } else {
                        try await lock.withReadLock {
                            if inside.add() >= 100 { violations.add() }
                            await Task.yield()
                            inside.add(-1)
                        }
                    }
                }
            }
            executor.task { tasks[Int(interleaving % 5)].cancel() }
            executor.runUntilIdle()
            let note: Comment = "round \(round), interleaving \(interleaving)"
            try #require(violations.value == 0 && inside.value == 0, note)
            try #require(lock.readers == 0 && !lock.isWriteLocked && lock.statistics.waiters == 0, note)
        }
    }

    @Test func `A keyed lock separates keys, and forgets those nobody uses`() throws {
        let lock = KeyedAsyncLock<String>()
        let gate = TaskCompletionSource<Void>()
        for (key, name) in [("x", "a"), ("x", "b"), ("y", "c")] {
            executor.task {
                try await lock.withLock(key) {
                    log.record(name)
                    await gate.task.settled()
                }
            }
        }
        executor.runUntilIdle()
        #expect(log.entries == ["a", "c"] && lock.keysInUse == 2 && lock.isLocked("x"))
        #expect(lock.statistics("x").waiters == 1 && lock.statistics("z").waiters == 0)
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(log.entries == ["a", "c", "b"] && lock.keysInUse == 0)
    }
}

@Suite(.leakFree) struct AsyncLazyTests {
    @Test func `The factory runs once, however many ask`() async throws {
        let runs = Counter()
        let lazy = AsyncLazy {
            await Task.yield()
            return runs.add()
        }
        #expect(!lazy.isStarted && lazy.valueIfMade == nil)
        let values = try await (0..<20).mapConcurrently(limit: 20) { _ in try await lazy.value() }
        #expect(values.allSatisfy { $0 == 1 } && runs.value == 1 && lazy.valueIfMade == 1)
    }

    @Test func `One caller's cancellation does not kill the factory for the others`() async throws {
        let gate = TaskCompletionSource<Int>()
        let lazy = AsyncLazy { try await gate.task.value }
        let executor = ManualExecutor()
        let impatient = executor.task { try await lazy.value() }
        let patient = executor.task { try await lazy.value() }
        executor.runUntilIdle()
        #expect(lazy.statistics.waiters == 2)
        impatient.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        gate.trySetResult(6)
        #expect(try await lazy.value() == 6)
        executor.runUntilIdle()
        #expect(try await patient.value == 6)
    }

    @Test func `A failure is kept, or tried again, as asked`() async {
        for (policy, runs) in [(AsyncLazy<Int>.FailurePolicy.cache, 1), (.retry, 2)] {
            let counter = Counter()
            let lazy = AsyncLazy<Int>(onFailure: policy) { throw Failure(counter.add()) }
            for _ in 0..<2 { await #expect(throws: Failure.self) { try await lazy.value() } }
            #expect(counter.value == runs)
        }
    }

    @Test func `A factory that asks for its own value gets an error instead of waiting for itself`() async {
        final class Box: Sendable {
            let lazy: AsyncLazy<Int>
            init(_ make: @escaping @Sendable (Recorder<Box>) async throws -> Int, _ log: Recorder<Box>) {
                lazy = AsyncLazy { try await make(log) }
            }
        }
        let log = Recorder<Box>()
        let box = Box({ log in try await log.entries[0].lazy.value() + 1 }, log)
        log.record(box)
        await #expect(throws: AsyncLazy<Int>.RecursionError.self) { try await box.lazy.value() }
        // The box and the log hold each other.
        log.removeAll()
    }
}
