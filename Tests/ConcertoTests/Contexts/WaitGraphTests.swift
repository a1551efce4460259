import Concerto
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
        let lock = AsyncLock(name: "own")
        let error = await #expect(throws: DeadlockError.self) {
            try await Task.run(name: "sender") {
                try await lock.withLock {
                    try context.send { try Self.take(lock) }
                }
            }.value
        }
        #expect(error?.cycle.first?.hasPrefix("task \"sender\" (#") == true)
        #expect(error?.cycle.count == 2)
    }

    private static func take(_ lock: AsyncLock) throws {
        try runBlocking { try await lock.withLock {} }
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
