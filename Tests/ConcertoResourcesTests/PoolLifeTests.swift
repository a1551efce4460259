import Concerto
import ConcertoResilience
import ConcertoResources
import ConcertoTesting
import TestSupport
import Testing

@Suite(.oneAtATime) struct PoolLifeTests {
    let clock = ManualClock()

    /// Leases `count` resources at a time and gives them back.
    func fill(_ pool: ResourcePool<Int>, _ count: Int) async throws {
        let gates = (0..<count).map { _ in Latch() }
        var tasks: [Task<Void, any Error>] = []
        for gate in gates {
            tasks.append(Task { try await pool.withResource { _ in try await gate.wait() } })
            await until { pool.statistics.inUse == tasks.count }
        }
        for (gate, task) in zip(gates, tasks) {
            gate.open()
            try await task.value
        }
    }

    @Test func `P6: an opening that hangs ends at its limit, is counted, and holds up no other`() async throws {
        let never = Latch()
        let ended = Flag()
        let depot = Depot(onOpen: { number in
            guard number == 1 else { return }
            defer { ended.set() }
            try await never.wait()
        })
        let pool = makePool(depot, clock) { $0.maximum = 2 }
        let first = Task { try await pool.withResource { $0 } }
        await until { depot.state.value.opening == 1 }
        let second = Task { try await pool.withResource { $0 } }
        #expect(try await second.value == 2)
        #expect(try await first.value == 2, "whoever waits takes what is there first")
        #expect(pool.statistics.opening == 1)
        clock.advance(by: .seconds(5))
        await until { ended.isSet }
        #expect(pool.statistics.openFailures == 1 && pool.statistics.total == 1)
    }

    @Test func `P6: what an opening gives after its limit is closed`() async throws {
        let go = Latch()
        let depot = Depot(onOpen: { number in
            // Does not notice that it was cancelled.
            if number == 1 { await withTaskCancellationShield { try? await go.wait() } }
        })
        let pool = makePool(depot, clock) { $0.maximum = 1 }
        let caller = Task { try await pool.withResource { $0 } }
        await until { depot.state.value.opening == 1 }
        clock.advance(by: .seconds(5))
        clock.advance(by: .milliseconds(200))
        #expect(try await caller.value == 2)
        go.open()
        await until { depot.alive == [2] && depot.state.value.opening == 0 }
        #expect(depot.alive == [2])
    }

    @Test func `while all openings fail one is tried at a time, and waiters learn why`() async throws {
        let clock = clock
        let depot = Depot(onOpen: { throw Depot.Failure(number: $0) })
        let pool = makePool(depot, clock) {
            $0.maximum = 10
            $0.backoff = .exponential(base: .milliseconds(100), cap: .seconds(5), jitter: .none)
        }
        let callers = (0..<5).map { _ in
            Task { () -> PoolTimeoutError? in
                do { try await pool.withResource(wait: .seconds(1)) { _ in } } catch {
                    return error as? PoolTimeoutError
                }
                return nil
            }
        }
        await until { pool.statistics.waiting == 5 && pool.statistics.opening == 0 }
        let before = depot.state.value.opened
        let isOver = Flag()
        let errors = Task {
            var errors: [PoolTimeoutError] = []
            for caller in callers { if let error = await caller.value { errors.append(error) } }
            isOver.set()
            return errors
        }
        await drive(clock) { isOver.isSet }
        #expect(depot.state.value.opened - before <= 5, "one a back-off, not one a caller")
        let reasons = await errors.value.map { $0.openError as? Depot.Failure }
        #expect(reasons.count == 5 && !reasons.contains(nil))
        #expect(pool.statistics.total == 0)
    }

    @Test func `a pool recovers when its server does`() async throws {
        let isUp = Flag()
        let depot = Depot(onOpen: { number in if !isUp.isSet { throw Depot.Failure(number: number) } })
        let pool = makePool(depot, clock) { $0.backoff = .constant(.milliseconds(100)) }
        let caller = Task { try await pool.withResource { $0 } }
        await until { pool.statistics.openFailures == 1 }
        isUp.set()
        clock.advance(by: .milliseconds(100))
        #expect(try await caller.value == 2)
    }

    @Test func `P11: idle resources go down to the minimum, the longest unused first`() async throws {
        let depot = Depot()
        let pool = makePool(depot, clock) {
            $0.minimum = 2
            $0.lifetime = nil
        }
        try await fill(pool, 5)
        clock.advance(by: .seconds(300))
        let newest = try await pool.withResource { $0 }
        #expect(try await pool.withResource { $0 } == newest, "used last, lent first")
        clock.advance(by: .seconds(300))
        await until { pool.statistics.total == 2 }
        #expect(depot.alive.contains(newest))
        clock.advance(by: .seconds(6_000))
        #expect(pool.statistics.total == 2 && depot.state.value.opened == 5)
    }

    @Test func `a shared resource that is held is no reason for a timer, and grows old when the last lease ends`()
        async throws
    {
        let depot = Depot()
        let pool = makePool(depot, clock) {
            $0.leasesPerResource = 4
            $0.lifetime = nil
            $0.idleLimit = .seconds(10)
        }
        let lease = try await pool.lease()
        try await pool.withResource { _ in }
        clock.advance(by: .seconds(60))
        #expect(pool.statistics.total == 1)
        lease.end()
        clock.advance(by: .seconds(9))
        #expect(pool.statistics.total == 1)
        clock.advance(by: .seconds(1))
        await until { pool.statistics.total == 0 }
    }

    @Test func `lifetimes end spread by a jitter that is drawn once`() async throws {
        let depot = Depot()
        let pool = makePool(depot, clock) {
            $0.maximum = 100
            $0.idleLimit = nil
            $0.lifetime = .seconds(1_000)
        }
        try await fill(pool, 100)
        clock.advance(by: .seconds(899))
        #expect(pool.statistics.closed == 0)
        var ends: Set<Int> = []
        for second in 900...1_000 {
            let before = pool.statistics.idle
            clock.advance(by: .seconds(1))
            if pool.statistics.idle < before { ends.insert(second) }
        }
        await until { pool.statistics.total == 0 }
        #expect(ends.count > 40, "\(ends.count) different seconds")
    }

    @Test func `a resource whose life is over is closed when it comes back`() async throws {
        let depot = Depot()
        let pool = makePool(depot, clock) { $0.lifetimeJitter = 0 }
        let lease = try await pool.lease()
        clock.advance(by: .seconds(1_800))
        #expect(depot.alive == [1])
        lease.end()
        await until { depot.alive.isEmpty }
        #expect(try await pool.withResource { $0 } == 2)
    }

    @Test func `P12: only what was idle for longer is validated; one that fails is followed by the next`() async throws
    {
        let depot = Depot(onValidate: { $0 == 1 })
        let pool = makePool(depot, clock, validates: true)
        try await fill(pool, 3)
        #expect(try await pool.withResource { _ in depot.state.value.validated } == [])
        clock.advance(by: .milliseconds(501))
        #expect(try await pool.withResource { $0 } == 1)
        #expect(depot.state.value.validated.last == 1)
        await until { depot.alive == [1] }
        #expect(pool.statistics.validationFailures == 2 && depot.state.value.opened == 3)
    }

    @Test func `P12: a validation that hangs ends at its limit`() async throws {
        let never = Latch()
        let depot = Depot(onValidate: { _ in
            try await never.wait()
            return true
        })
        let pool = makePool(depot, clock, validates: true)
        try await fill(pool, 1)
        clock.advance(by: .seconds(2))
        let caller = Task { try await pool.withResource { $0 } }
        await until { !depot.state.value.validated.isEmpty }
        clock.advance(by: .seconds(1))
        #expect(try await caller.value == 2)
    }

    @Test func `an idle resource is validated though another is being opened, which may hang`() async throws {
        let never = Latch()
        let depot = Depot(onOpen: { number in if number == 3 { try await never.wait() } })
        let pool = makePool(depot, clock, validates: true) {
            $0.maximum = 3
            $0.minimum = 2
        }
        try await fill(pool, 2)
        clock.advance(by: .milliseconds(501))
        // For the minimum another is opened, which takes its time.
        let lease = try await pool.lease()
        let discarded = lease.resource
        lease.discard()
        await until { depot.state.value.opening == 1 }
        // The other one of the two, whichever was lent.
        #expect(try await pool.withResource { $0 } == 3 - discarded)
        #expect(pool.statistics.opening == 1)
        never.open()
        await until { pool.statistics.idle == 2 }
    }

    @Test func `P18: shutting down fails waiters, waits for leases, and then closes under them`() async throws {
        let depot = Depot()
        let pool = makePool(depot, clock) { $0.maximum = 2 }
        let first = try await pool.lease()
        let second = try await pool.lease()
        let waiter = Task { try await pool.withResource { _ in } }
        await until { pool.statistics.waiting == 1 }
        let isOver = Flag()
        let end = Task {
            await pool.shutDown(limit: .seconds(10))
            isOver.set()
        }
        await #expect(throws: ClosedError.self) { try await waiter.value }
        await #expect(throws: ClosedError.self) { try await pool.lease().end() }
        first.end()
        await until { depot.alive.count == 1 }
        #expect(!isOver.isSet)
        clock.advance(by: .seconds(10))
        await end.value
        #expect(depot.alive.isEmpty && pool.statistics.total == 0)
        second.end()
        #expect(pool.statistics.total == 0)
        #expect(clock.pending == 0)
    }

    @Test func `P18: what is being opened when the pool is shut down is closed`() async throws {
        let go = Latch()
        let depot = Depot(onOpen: { _ in await withTaskCancellationShield { try? await go.wait() } })
        let pool = makePool(depot, clock)
        let caller = Task { try await pool.withResource { _ in } }
        await until { depot.state.value.opening == 1 }
        let end = Task { await pool.shutDown() }
        await #expect(throws: ClosedError.self) { try await caller.value }
        go.open()
        await end.value
        #expect(depot.alive.isEmpty && pool.statistics.closed == 1)
    }

    @Test func `P19: after a failover nothing from before is lent again`() async throws {
        let slow = Latch()
        let depot = Depot(onOpen: { number in if number == 3 { try await slow.wait() } })
        let pool = makePool(depot, clock)
        let held = try await pool.lease()
        let idle = try await pool.lease()
        idle.end()
        _ = try await pool.lease().resource
        let another = try await pool.lease()
        let opening = Task { try await pool.withResource { $0 } }
        await until { depot.state.value.opening == 1 }
        pool.evictAll()
        another.end()
        held.end()
        slow.open()
        #expect(try await opening.value == 4)
        await until { depot.alive == [4] }
        #expect(pool.statistics.generation == 1 && pool.statistics.total == 1)
    }

    @Test func `P20: a smaller maximum closes what comes back, a larger one serves who waits`() async throws {
        let depot = Depot()
        let pool = makePool(depot, clock)
        let latches = (0..<8).map { _ in Latch() }
        let tasks = latches.map { latch in Task { try await pool.withResource { _ in try await latch.wait() } } }
        await until { pool.statistics.inUse == 8 }
        try pool.update(maximum: 3)
        for latch in latches.prefix(6) { latch.open() }
        for task in tasks.prefix(6) { try await task.value }
        await until { pool.statistics.total == 3 }
        #expect(pool.statistics.inUse == 2 && pool.statistics.idle == 1)
        let one = try await pool.lease()
        let waiters = (0..<3).map { _ in Task { try await pool.withResource { $0 } } }
        await until { pool.statistics.waiting == 3 }
        try pool.update(maximum: 10)
        for waiter in waiters { _ = try await waiter.value }
        one.end()
        for latch in latches { latch.open() }
        for task in tasks { try await task.value }
        #expect(throws: InvalidOptionsError.self) { try pool.update(maximum: 0) }
    }

    @Test func `P23: warming up ends when the minimum is there, or with the error of opening`() async throws {
        let isUp = Flag()
        let depot = Depot(onOpen: { number in if !isUp.isSet { throw Depot.Failure(number: number) } })
        let pool = makePool(depot, clock) { $0.minimum = 3 }
        let failing = Task { try await pool.warmUp(within: .milliseconds(50)) }
        await until { pool.statistics.openFailures == 3 }
        clock.advance(by: .milliseconds(50))
        await #expect(throws: Depot.Failure.self) { try await failing.value }
        isUp.set()
        let warming = Task { try await pool.warmUp() }
        let isWarm = Flag()
        Task {
            _ = await warming.result
            isWarm.set()
        }
        await drive(clock) { isWarm.isSet }
        try await warming.value
        #expect(pool.statistics.idle == 3)
    }

    @Test func `options that cannot work are named all at once`() {
        let options = PoolOptions {
            $0.maximum = 0
            $0.openLimit = .zero
            $0.lifetimeJitter = 2
            $0.backoff = .exponential(base: .seconds(5), cap: .seconds(1))
        }
        let error = #expect(throws: InvalidOptionsError.self) {
            _ = try ResourcePool<Int>("test", validating: options, open: { 1 })
        }
        #expect(error?.problems.map(\.field) == ["maximum", "openLimit", "lifetimeJitter", "backoff.cap"])
    }

    @Test func `a pool that is dropped closes its idle resources and leaves no timer`() async throws {
        let depot = Depot()
        func use() async throws {
            let pool = makePool(depot, clock)
            _ = try await pool.withResource { $0 }
        }
        try await use()
        await until { depot.alive.isEmpty && clock.pending == 0 }
        #expect(clock.pending == 0)
    }
}
