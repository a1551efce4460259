import Concerto
import ConcertoResilience
import ConcertoResources
import ConcertoTesting
import TestSupport
import Testing

@Suite(.oneAtATime) struct PoolStressTests {
    @Test func `P2: random cancellations, timeouts, broken leases and evictions lose no permit`() async throws {
        var random = seededRandom()
        let seed = random.next()
        let depot = Depot(onOpen: { number in
            await Task.yield()
            if number % 7 == 3 { throw Depot.Failure(number: number) }
        })
        let maximum = 4
        let pool = ResourcePool<Int>(
            "stress",
            PoolOptions {
                $0.maximum = maximum
                // Real time ends resources here, but nothing gives up: the machine may be busy for longer.
                $0.waitLimit = nil
                $0.openLimit = .seconds(3_600)
                $0.backoff = .constant(.milliseconds(1))
                $0.lifetime = .milliseconds(20)
                $0.idleLimit = .milliseconds(5)
                $0.validateAfter = .microseconds(300)
            },
            open: { try await depot.open() },
            validate: {
                await Task.yield()
                return $0 % 5 != 0
            },
            close: { await depot.close($0) })
        let most = Shared(0)
        let served = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<16 {
                group.addTask {
                    var random = SeededRandom(seed: seed &+ UInt64(worker))
                    for _ in 0..<250 {
                        let kind = random.next() % 8
                        let wait = Duration.microseconds(Int64(random.next() % 2_000))
                        let task = Task {
                            switch kind {
                            case 0: try await pool.lease(wait: wait).discard()
                            case 1:
                                try await pool.withResource(wait: wait) { _ in
                                    most.change { $0 = max($0, pool.statistics.total) }
                                }
                            default:
                                try await pool.withResource { _ in
                                    for _ in 0..<kind { await Task.yield() }
                                }
                                served.change { $0 += 1 }
                            }
                        }
                        if kind > 4 {
                            for _ in 0..<(random.next() % 6) { await Task.yield() }
                            task.cancel()
                        }
                        if kind == 3, random.next() % 16 == 0 { pool.evictAll() }
                        _ = await task.result
                    }
                }
            }
        }
        #expect(most.value <= maximum)
        #expect(served.value > 1_000)
        // Every permit is still there: as many leases as the maximum, and then none.
        let before = pool.statistics
        #expect(before.inUse == 0 && before.waiting == 0)
        let go = Latch()
        let holders = (0..<maximum).map { _ in Task { try await pool.withResource { _ in try await go.wait() } } }
        await until { pool.statistics.inUse == maximum }
        #expect(pool.statistics.inUse == maximum)
        go.open()
        for holder in holders { try await holder.value }
        await pool.shutDown()
        #expect(depot.alive.isEmpty)
        let end = pool.statistics
        #expect(end.total == 0 && end.opened == end.closed)
    }

    @Test func `a cancellation that meets the grant loses nothing`() async throws {
        let rounds = 20_000
        var random = seededRandom()
        // Time stands still: on a machine that runs many tests at once a round waits for longer than a pool does.
        let pool = makePool(Depot(), ManualClock()) { $0.maximum = 1 }
        for _ in 0..<rounds {
            let lease = try await pool.lease()
            let waiter = Task { try await pool.withResource { _ in } }
            if random.next() % 2 == 0 { await Task.yield() }
            let canceller = Task { waiter.cancel() }
            lease.end()
            _ = await waiter.result
            await canceller.value
        }
        #expect(pool.statistics.idle == 1 && pool.statistics.waiting == 0 && pool.statistics.inUse == 0)
    }
}
