import Concerto
import ConcertoResources
import ConcertoTesting
import TestSupport
import Testing

@Suite(.oneAtATime) struct PoolLeaseTests {
    let clock = ManualClock()

    @Test func `P1: the third caller of a pool of two waits and gets the first resource that comes back`() async throws
    {
        let depot = Depot()
        let pool = makePool(depot, clock) { $0.maximum = 2 }
        let first = try await pool.lease()
        let second = try await pool.lease()
        let third = Task { try await pool.withResource { $0 } }
        await until { pool.statistics.waiting == 1 }
        let number = second.resource
        second.end()
        #expect(try await third.value == number)
        first.end()
        #expect(pool.statistics.idle == 2)
        #expect(depot.state.value.opened == 2)
    }

    @Test func `P1: a thousand waiters are served in the order in which they came`() async throws {
        let pool = makePool(Depot(), clock) { $0.maximum = 1 }
        let lease = try await pool.lease()
        let order = Shared<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<1_000 {
            tasks.append(Task { try await pool.withResource { _ in order.change { $0.append(index) } } })
            await until { pool.statistics.waiting == index + 1 }
        }
        lease.end()
        for task in tasks { try await task.value }
        #expect(order.value == Array(0..<1_000))
    }

    @Test func `P4: a caller whose time is up learns what the pool looked like and who holds it`() async throws {
        let pool = makePool(Depot(), clock) { $0.maximum = 1 }
        let lease = try await pool.lease()
        clock.advance(by: .seconds(3))
        let late = Task { try await pool.withResource(wait: .milliseconds(200)) { _ in } }
        await until { pool.statistics.waiting == 1 }
        clock.advance(by: .milliseconds(199))
        #expect(pool.statistics.waiting == 1)
        clock.advance(by: .milliseconds(1))
        let error = try #require(await #expect(throws: PoolTimeoutError.self) { try await late.value })
        #expect(error.limit == .milliseconds(200))
        #expect(error.statistics.total == 1 && error.statistics.inUse == 1 && error.statistics.timeouts == 1)
        #expect(error.longestHeld == .milliseconds(3_200))
        #expect(error.longestHeldAt?.contains("PoolLeaseTests.swift") == true)
        #expect("\(error)".contains("1 of at most 1"))
        lease.end()
    }

    @Test func `P4: waiting, dead resources and opening share one budget`() async throws {
        let isDown = Flag()
        let clock = clock
        let depot = Depot(
            onOpen: { _ in if isDown.isSet { try await clock.sleep(for: .seconds(60)) } },
            onValidate: { _ in
                try await clock.sleep(for: .milliseconds(100))
                return false
            })
        let pool = makePool(depot, clock, validates: true) { $0.maximum = 10 }
        var leases: [Task<Void, any Error>] = []
        let go = Latch()
        for _ in 0..<10 { leases.append(Task { try await pool.withResource { _ in try await go.wait() } }) }
        await until { pool.statistics.inUse == 10 }
        go.open()
        for lease in leases { try await lease.value }
        isDown.set()
        clock.advance(by: .seconds(1))
        let start = clock.now
        let caller = Task { () -> TimerInstant in
            _ = await #expect(throws: PoolTimeoutError.self) {
                try await pool.withResource(wait: .milliseconds(450)) { _ in }
            }
            return clock.now
        }
        // Time stops there: a caller that has more of it would never come back.
        await drive(clock) { start.duration(to: clock.now) >= .milliseconds(450) }
        #expect(await start.duration(to: caller.value) == .milliseconds(450))
        #expect(depot.state.value.validated.count < 10)
    }

    @Test func `P9: a thousand callers of a cold pool open ten resources, three at a time`() async throws {
        let depot = Depot(onOpen: { _ in await Task.yield() })
        let pool = makePool(depot, clock) {
            $0.maximum = 10
            $0.maximumOpening = 3
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 { group.addTask { try await pool.withResource { _ in await Task.yield() } } }
            try await group.waitForAll()
        }
        #expect(depot.state.value.opened <= 10)
        #expect(depot.state.value.mostOpening <= 3)
        #expect(pool.statistics.leases == 1_000)
    }

    @Test func `P15: a lease that is dropped gives its resource back`() async throws {
        let pool = makePool(Depot(), clock) { $0.maximum = 1 }
        func drop() async throws { _ = try await pool.lease() }
        try await drop()
        #expect(pool.statistics.inUse == 0 && pool.statistics.idle == 1)
        if let again = pool.tryLease() { again.end() } else { Issue.record("nothing to lease") }
        #expect(pool.statistics.inUse == 0)
    }

    @Test func `a broken lease is closed and whoever waits gets a new resource`() async throws {
        let depot = Depot()
        let pool = makePool(depot, clock) { $0.maximum = 1 }
        let lease = try await pool.lease()
        #expect(lease.resource == 1)
        let waiting = Task { try await pool.withResource { $0 } }
        await until { pool.statistics.waiting == 1 }
        lease.discard()
        #expect(try await waiting.value == 2)
        #expect(depot.alive == [2])
        #expect(depot.state.value.most == 1)
    }

    @Test func `a task that holds a resource does not wait for a second one of the same pool`() async throws {
        let pool = makePool(Depot(), clock) { $0.maximum = 1 }
        try await pool.withResource { _ in
            let error = await #expect(throws: NestedLeaseError.self) { try await pool.withResource { _ in } }
            #expect(error?.heldSince.contains("PoolLeaseTests.swift") == true)
        }
        #expect(pool.statistics.idle == 1)
    }

    @Test func `a cancelled caller takes nothing, and what was being opened for it joins the pool`() async throws {
        let go = Latch()
        let depot = Depot(onOpen: { _ in try await go.wait() })
        let pool = makePool(depot, clock) { $0.maximum = 1 }
        let caller = Task { try await pool.withResource { _ in } }
        await until { depot.state.value.opening == 1 }
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
        go.open()
        await until { pool.statistics.idle == 1 }
        #expect(try await pool.withResource { $0 } == 1)
    }

    @Test func `P22: a resource with four streams serves four leases, and none new above a lowered number`()
        async throws
    {
        let depot = Depot()
        let pool = makePool(depot, clock) {
            $0.maximum = 10
            $0.leasesPerResource = 4
        }
        let go = Latch()
        let others = (0..<8).map { _ in Task { try await pool.withResource { _ in try await go.wait() } } }
        await until { pool.statistics.inUse == 8 }
        let ninth = try await pool.lease()
        #expect(depot.alive.count == 3)
        ninth.end()
        try pool.update(leasesPerResource: 2)
        #expect(pool.statistics.inUse == 8)
        let a = try await pool.lease()
        let b = try await pool.lease()
        let c = try await pool.lease()
        #expect(a.resource == b.resource && c.resource == 4, "full resources get nothing new")
        a.end()
        b.end()
        c.end()
        go.open()
        for other in others { try await other.value }
        #expect(pool.statistics.inUse == 0)
    }

    @Test func `P16: a lease that is held for too long is reported once, and stays valid`() async throws {
        let leaks = Shared<[PoolLeak]>([])
        let pool = makePool(Depot(), clock) {
            $0.leakAfter = .seconds(2)
            $0.onLeak = { leak in leaks.change { $0.append(leak) } }
        }
        let lease = try await pool.lease()
        clock.advance(by: .milliseconds(1_999))
        #expect(leaks.value.isEmpty)
        clock.advance(by: .seconds(10))
        #expect(leaks.value.map(\.age) == [.seconds(2)])
        #expect(leaks.value[0].takenAt.contains("PoolLeaseTests.swift"))
        #expect(lease.resource == 1)
        lease.end()
        #expect(try await pool.withResource { $0 } == 1)
    }

    @Test func `P25: statistics add up`() async throws {
        let clock = clock
        let depot = Depot(onOpen: { _ in try await clock.sleep(for: .milliseconds(40)) })
        let pool = makePool(depot, clock) { $0.maximum = 1 }
        let first = Task { try await pool.withResource { _ in clock.advance(by: .milliseconds(10)) } }
        await until { clock.pending == 3 }  // the caller's limit, the opening's and the depot's sleep
        clock.advance(by: .milliseconds(40))
        try await first.value
        try await pool.withResource { _ in clock.advance(by: .milliseconds(5)) }
        let statistics = pool.statistics
        #expect(statistics.leases == 2 && statistics.waits == 1 && statistics.opened == 1)
        #expect(statistics.openTime == .milliseconds(40))
        #expect(statistics.useTime == .milliseconds(15))
        #expect(statistics.inUse == 0 && statistics.total == 1 && statistics.closed == 0)
    }
}
