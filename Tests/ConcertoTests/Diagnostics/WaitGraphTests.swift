import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct WaitGraphTests {
    // Cause: every party and every lock of a cycle read alike, "waits for AsyncLock", and a keyed lock hid its key.
    @Test func `A DeadlockError names each task, each lock and each place`() async throws {
        WaitGraph.activate()
        let accounts = AsyncLock(name: "accounts")
        let orders = KeyedAsyncLock<Int>()
        let created = #line - 1
        let ordersHeld = TaskCompletionSource<Void>()
        let open = TaskCompletionSource<Void>()
        let transfer = Task.run(name: "transfer") {
            try await orders.withLock(7) {
                ordersHeld.trySetResult()
                try await open.task.value
                try await accounts.withLock {}
            }
        }
        let report = Task.run(name: "report") {
            try await accounts.withLock {
                open.trySetResult()
                while accounts.statistics.waiters == 0 { await Task.yield() }
                try await orders.withLock(7) {}
            }
        }
        await ordersHeld.task.settled()
        let error = await #expect(throws: DeadlockError.self) { try await report.value }
        try await transfer.value
        let cycle = try #require(error?.cycle)
        #expect(cycle.count == 3)
        #expect(
            cycle[0].wholeMatch(
                of: /task "report" \(#\d+\) waits for KeyedAsyncLock created at (.+):(\d+) for key 7 at .+:\d+/)?.2
                == "\(created)")
        #expect(
            cycle[1].wholeMatch(
                of: /which task "transfer" \(#\d+\) holds from .+:\d+; it waits for AsyncLock "accounts" at .+:\d+/)
                != nil)
        #expect(cycle[2].wholeMatch(of: /which task "report" \(#\d+\) holds itself, from .+:\d+/) != nil)
    }

    @Test func `Inside runBlocking and send the party is whoever blocks, and what it holds counts`() async throws {
        WaitGraph.activate()
        let context = SynchronizationContext.withThread(named: "context")
        defer { context.stop() }
        let pool = try ThreadPool(.init(minThreads: 1))
        let lock = AsyncLock(name: "own")
        let error = await #expect(throws: DeadlockError.self) {
            try await Task.run(on: pool, name: "sender") {
                try await lock.withLock {
                    try context.send { try Self.take(lock) }
                }
            }.value
        }
        #expect(error?.cycle.first?.hasPrefix("task \"sender\" (#") == true)
        #expect(error?.cycle.count == 2)
        await pool.shutdown()
    }

    private static func take(_ lock: AsyncLock) throws {
        try runBlocking { try await lock.withLock {} }
    }

    // Cause: a reader-writer lock told the graph neither who holds it nor who waits.
    @Test func `A reader that writes, a writer that reads, a reader behind a writer get a DeadlockError`() async throws
    {
        WaitGraph.activate()
        let lock = AsyncReaderWriterLock(name: "table")
        let upgrade = await #expect(throws: DeadlockError.self) {
            try await lock.withReadLock { try await lock.withWriteLock {} }
        }
        #expect(upgrade?.description.contains("waits for AsyncReaderWriterLock \"table\" at ") == true)
        await #expect(throws: DeadlockError.self) {
            try await lock.withWriteLock { try await lock.withReadLock {} }
        }
        try await lock.withReadLock {
            try await lock.withReadLock {}
            let writer = Task.run(name: "writer") { try await lock.withWriteLock {} }
            while lock.statistics.waiters == 0 { await Task.yield() }
            #expect(WaitGraph.waits.contains { $0.contains("task \"writer\"") && $0.contains("\"table\"") })
            await #expect(throws: DeadlockError.self) { try await lock.withReadLock {} }
            writer.cancel()
            _ = await writer.outcome
            try await lock.withReadLock {}
        }
        try await lock.withWriteLock {}
        #expect(lock.readers == 0 && !lock.isWriteLocked)
    }

    @Test func `A cycle through a reader, a writer and a lock is found; one reader of several is enough`() async throws
    {
        WaitGraph.activate()
        let table = AsyncReaderWriterLock()
        let row = AsyncLock()
        let free = AsyncLock()
        let open = TaskCompletionSource<Void>()
        let done = TaskCompletionSource<Void>()
        // Neither is stuck: it waits for what somebody will give back.
        let bystander = Task { try await table.withReadLock { try await done.task.value } }
        while table.readers < 1 { await Task.yield() }
        let reader = Task {
            try await table.withReadLock {
                try await open.task.value
                try await row.withLock {}
            }
        }
        while table.readers < 2 { await Task.yield() }
        let error = await #expect(throws: DeadlockError.self) {
            try await row.withLock {
                open.trySetResult()
                while row.statistics.waiters == 0 { await Task.yield() }
                try await free.withLock { try await table.withWriteLock {} }
            }
        }
        #expect(error?.cycle.count == 3)
        done.trySetResult()
        try await bystander.value
        try await reader.value
    }

    // Cause: a reader that has been let in, or that waits only behind a writer which gives up, is no part of a cycle.
    @Test func `Readers behind a timed writer, and readers and writers in turn, make no deadlock`() async throws {
        WaitGraph.activate()
        let clock = ManualClock()
        let lock = AsyncReaderWriterLock()
        let waiting = Task {
            try await lock.withReadLock {
                let writer = Task { try await lock.writeLock(timeout: .seconds(1), clock: clock) }
                while lock.statistics.waiters < 1 { await Task.yield() }
                let advance = Task {
                    while lock.statistics.waiters < 2 { await Task.yield() }
                    while clock.pending == 0 { await Task.yield() }
                    clock.advance(by: .seconds(1))
                }
                try await lock.withReadLock {}
                await advance.value
                return try await writer.value
            }
        }
        #expect(try await !waiting.value)
        let done = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let other = AsyncLock()
            for number in 0..<1_000 {
                group.addTask {
                    // Always in this order, so that nothing can be stuck.
                    try await other.withLock {
                        if number % 3 == 0 {
                            try await lock.withWriteLock { await Task.yield() }
                        } else {
                            try await lock.withReadLock { await Task.yield() }
                        }
                    }
                    try await lock.withReadLock { await Task.yield() }
                    done.add()
                }
            }
            try await group.waitForAll()
        }
        #expect(done.value == 1_000)
        #expect(lock.readers == 0 && !lock.isWriteLocked)
    }

    @Test func `waits lists who waits for events, channels and tasks, until the wait is over`() async throws {
        WaitGraph.activate()
        let event = AsyncManualResetEvent()
        let channel = UnboundedChannel<Int>()
        let source = TaskCompletionSource<Void>()
        let tasks = [
            Task.run(name: "on event") { try await event.wait() },
            Task.run(name: "on channel") { _ = try await channel.read() },
            Task.run(name: "on task") { try await source.task.value },
        ]
        func line(_ name: String) -> String? { WaitGraph.waits.first { $0.contains("task \"on \(name)\"") } }
        while line("event") == nil || line("channel") == nil || line("task") == nil { await Task.yield() }
        #expect(line("event")?.contains("waits for AsyncManualResetEvent") == true)
        #expect(line("channel")?.contains("waits for") == true)
        event.set()
        #expect(channel.tryWrite(1))
        source.trySetResult()
        for task in tasks { try await task.value }
        #expect(line("event") == nil && line("channel") == nil && line("task") == nil)
    }

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
                "waits for AsyncReaderWriterLock created at ConcertoTests/WaitGraphTests.swift"))
        #expect(description.contains("holds itself, from ConcertoTests/WaitGraphTests.swift"))
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

    // Cause: a flow named its task by the address, which a later task had that had inherited the flow through others: it
    // seemed to hold what the flow held, and to wait for itself.
    @Test func `Tasks that come after a scope in its holder's flow hold nothing of it, 200 tasks`() async throws {
        WaitGraph.activate()
        let lock = AsyncLock()
        let scopeEnded = TaskCompletionSource<Void>()
        let start = TaskCompletionSource<Task<[Task<Void, any Error>], any Error>>()
        let waiting = try await lock.withLock {
            _ = await withDeadline(in: .seconds(1_000)) {
                start.trySetResult(
                    Task {
                        try await scopeEnded.task.value
                        return (0..<200).map { _ in Task { try await lock.withLock {} } }
                    })
            }
            scopeEnded.trySetResult()
            // Whoever gets a DeadlockError does so now: the lock is held.
            return try await start.task.value.value
        }
        for task in waiting { try await task.value }
    }

    @Test func `holdings lists who holds what, and from where, for as long as they do`() async throws {
        WaitGraph.activate()
        let lock = AsyncLock(name: "ledger")
        let seats = AsyncSemaphore(permits: 3, maxPermits: 3, name: "seats")
        let open = TaskCompletionSource<Void>()
        let task = Task.run(name: "holder") {
            try await lock.withLock { try await seats.withPermits(2) { try await open.task.value } }
        }
        while seats.availablePermits > 1 { await Task.yield() }
        func lines() -> [String] { WaitGraph.holdings.filter { $0.contains("task \"holder\"") } }
        while lines().count < 2 { await Task.yield() }
        #expect(lines()[0].contains("holds AsyncLock \"ledger\" from ConcertoTests/WaitGraphTests.swift:"))
        #expect(lines()[1].contains("holds 2 of AsyncSemaphore \"seats\" from ConcertoTests/WaitGraphTests.swift:"))
        open.trySetResult()
        try await task.value
        #expect(lines().isEmpty)
    }

    @Test func `An auto-reset event that somebody waits for is listed by its name`() async throws {
        WaitGraph.activate()
        let event = AsyncAutoResetEvent(name: "doorbell")
        let task = Task.run(name: "guest") { try await event.wait() }
        while event.statistics.waiters == 0 { await Task.yield() }
        #expect(
            WaitGraph.waits.contains {
                $0.contains("task \"guest\"")
                    && $0.contains("waits for AsyncAutoResetEvent \"doorbell\" at ConcertoTests/")
            })
        event.set()
        try await task.value
    }

    // Cause: the primitive's type was shown, and of a countdown that of the event inside.
    @Test func `Who waits for an event, a countdown or a barrier is listed with its name, or where it was created`()
        async throws
    {
        WaitGraph.activate()
        let gate = AsyncManualResetEvent(name: "gate")
        let countdown = AsyncCountdownEvent(count: 1, name: "lift-off")
        let barrier = AsyncBarrier(participants: 2)
        let created = #line - 1
        let tasks = [
            Task.run(name: "waiter") { try await gate.wait() },
            Task.run(name: "waiter") { try await countdown.wait() },
            Task.run(name: "waiter") { _ = try await barrier.signalAndWait() },
        ]
        func lines() -> [String] { WaitGraph.waits.filter { $0.contains("task \"waiter\"") } }
        while lines().count < 3 { await Task.yield() }
        let text = lines().joined(separator: "\n")
        #expect(text.contains("waits for AsyncManualResetEvent \"gate\" since"))
        #expect(text.contains("waits for AsyncCountdownEvent \"lift-off\" since"))
        #expect(
            text.contains("waits for AsyncBarrier created at ConcertoTests/WaitGraphTests.swift:\(created) since"))
        gate.set()
        try countdown.signal()
        try await barrier.signalAndWait()
        for task in tasks { try await task.value }
    }
}
