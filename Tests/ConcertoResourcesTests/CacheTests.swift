import Concerto
import ConcertoResilience
import ConcertoResources
import ConcertoTesting
import TestSupport
import Testing

@Suite(.oneAtATime) struct CacheTests {
    struct Failure: Error, Equatable { var number = 0 }

    @TaskLocal static var trace = ""

    let clock = ManualClock()
    let loads = Shared<[String]>([])

    /// A cache whose loader counts, and then does what `load` says, given the number of the load.
    func makeCache(
        _ configure: (inout CacheOptions) -> Void = { _ in },
        load: @escaping @Sendable (String, Int) async throws -> String = { "\($0)\($1)" }
    ) -> LoadingCache<String, String> {
        let loads = loads
        let options = CacheOptions {
            $0.clock = clock
            $0.random = .seeded(1)
            $0.timeToLiveJitter = 0
            configure(&$0)
        }
        return LoadingCache("test", options) { key in
            loads.change { $0.append(key) }
            return try await load(key, loads.value.count)
        }
    }

    func makeCache(
        load: @escaping @Sendable (String, Int) async throws -> String
    ) -> LoadingCache<String, String> {
        makeCache({ _ in }, load: load)
    }

    @Test func `C1: a thousand callers of a cold key cause one load and all get its value`() async throws {
        let go = Latch()
        let cache = makeCache { key, number in
            try await go.wait()
            return "\(key)\(number)"
        }
        let callers = (0..<1_000).map { _ in Task { try await cache.value(for: "a") } }
        await until { cache.statistics.misses == 1_000 }
        go.open()
        for caller in callers { #expect(try await caller.value == "a1") }
        #expect(loads.value == ["a"])
        #expect(try await cache.value(for: "a") == "a1")
        #expect(cache.statistics.hits == 1 && cache.statistics.loads == 1)
    }

    @Test func `the caller that began a load may leave; the others get the value`() async throws {
        let go = Latch()
        let cache = makeCache { key, number in
            try await go.wait()
            return "\(key)\(number)"
        }
        let leader = Task { try await cache.value(for: "a") }
        await until { cache.statistics.misses == 1 }
        let follower = Task { try await cache.value(for: "a") }
        await until { cache.statistics.misses == 2 }
        leader.cancel()
        await #expect(throws: CancellationError.self) { try await leader.value }
        go.open()
        #expect(try await follower.value == "a1")
        #expect(cache.statistics.abandoned == 0)
    }

    @Test func `the last caller that leaves cancels the load, and a new one begins another at once`() async throws {
        let stuck = Latch()
        let cancelled = Flag()
        let cache = makeCache { key, number in
            if number == 1 {
                // A loader that does not stop when it is cancelled.
                await withTaskCancellationHandler {
                    await withTaskCancellationShield { try? await stuck.wait() }
                } onCancel: {
                    cancelled.set()
                }
            }
            return "\(key)\(number)"
        }
        let first = Task { try await cache.value(for: "a") }
        await until { loads.value.count == 1 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(try await cache.value(for: "a") == "a2", "a flight that was given up is not joined")
        await until { cancelled.isSet }
        stuck.open()
        #expect(try await cache.value(for: "a") == "a2")
        #expect(cache.statistics.abandoned == 1)
    }

    @Test func `C5: an error goes to all who waited and is not kept, unless that is asked for`() async throws {
        let cache = makeCache { _, number in throw Failure(number: number) }
        await #expect(throws: Failure(number: 1)) { try await cache.value(for: "a") }
        await #expect(throws: Failure(number: 2)) { try await cache.value(for: "a") }
        let keeping = makeCache({ $0.errorTimeToLive = .seconds(1) }) { _, number in throw Failure(number: number) }
        await #expect(throws: Failure(number: 3)) { try await keeping.value(for: "a") }
        clock.advance(by: .milliseconds(999))
        await #expect(throws: Failure(number: 3)) { try await keeping.value(for: "a") }
        clock.advance(by: .milliseconds(1))
        await #expect(throws: Failure(number: 4)) { try await keeping.value(for: "a") }
    }

    @Test func `C6: a load that takes too long ends for all, and its key is free`() async throws {
        let never = Latch()
        let cancelled = Flag()
        let cache = makeCache({ $0.loadLimit = .seconds(2) }) { key, number in
            guard number == 1 else { return "\(key)\(number)" }
            do { try await never.wait() } catch { cancelled.set() }
            return "late"
        }
        let callers = (0..<3).map { _ in Task { try await cache.value(for: "a") } }
        await until { cache.statistics.misses == 3 && clock.pending == 1 }
        clock.advance(by: .seconds(2))
        for caller in callers { await #expect(throws: TimeoutError.self) { try await caller.value } }
        await until { cancelled.isSet }
        #expect(try await cache.value(for: "a") == "a2")
    }

    @Test func `C7: a caller's deadline ends its wait, and the load goes on for the others`() async throws {
        let clock = clock
        let cache = makeCache { key, number in
            try await clock.sleep(for: .seconds(1))
            return "\(key)\(number)"
        }
        let patient = Task { try await cache.value(for: "a") }
        await until { clock.pending == 2 }
        var context = ResilienceContext()
        context.setDeadline(clock.now.advanced(by: .milliseconds(50)), on: clock)
        let hasty = ResilienceContext.$current.withValue(context) { Task { try await cache.value(for: "a") } }
        await until { clock.pending == 3 }
        clock.advance(by: .milliseconds(50))
        let error = await #expect(throws: TimeoutError.self) { try await hasty.value }
        #expect(error?.limit == .milliseconds(50))
        clock.advance(by: .milliseconds(950))
        #expect(try await patient.value == "a1")
    }

    @Test func `C8: what was loaded together expires apart`() async throws {
        let cache = makeCache {
            $0.timeToLive = .seconds(60)
            $0.timeToLiveJitter = 0.1
        }
        for key in 0..<1_000 { _ = try await cache.value(for: "\(key)") }
        var expired: [Int] = []
        for second in 0..<120 {
            let gone = (0..<1_000).count { cache.peek("\($0)") == nil }
            if gone > 0 && gone < 1_000 { expired.append(second) }
            clock.advance(by: .seconds(1))
        }
        #expect(expired.count >= 5)
        #expect(expired.allSatisfy { (54...66).contains($0) })
    }

    @Test func `C9: late in a value's life the next caller gets it at once and one load begins; nobody, no load`()
        async throws
    {
        let go = Latch()
        let cache = makeCache({
            $0.timeToLive = .seconds(60)
            $0.refreshAfter = 0.8
        }) { key, number in
            if number == 2 { try await go.wait() }
            return "\(key)\(number)"
        }
        #expect(try await cache.value(for: "a") == "a1")
        clock.advance(by: .seconds(47))
        #expect(try await cache.value(for: "a") == "a1")
        #expect(clock.pending == 0)
        clock.advance(by: .seconds(1))
        #expect(loads.value.count == 1)
        for _ in 0..<10 { #expect(try await cache.value(for: "a") == "a1") }
        await until { loads.value.count == 2 }
        go.open()
        await until { cache.statistics.loading == 0 }
        #expect(try await cache.value(for: "a") == "a2")
        #expect(loads.value.count == 2)
    }

    @Test func `C10: a refresh slower than its period runs once and counts from its end`() async throws {
        let clock = clock
        let cache = makeCache({
            $0.timeToLive = .seconds(10)
            $0.refreshAfter = 0.5
            $0.staleOnError = .seconds(100)
            $0.softLimit = .milliseconds(1)
        }) { key, number in
            if number == 2 { try await clock.sleep(for: .seconds(20)) }
            return "\(key)\(number)"
        }
        _ = try await cache.value(for: "a")
        clock.advance(by: .seconds(6))
        #expect(try await cache.value(for: "a") == "a1")
        await until { clock.pending == 2 }
        clock.advance(by: .seconds(20))
        await until { cache.statistics.loading == 0 }
        #expect(loads.value.count == 2)
        clock.advance(by: .milliseconds(4_999))
        #expect(cache.peek("a") == "a2")
    }

    @Test func `C13: a value that has expired stands in for a failed load, which is tried again after a while`()
        async throws
    {
        let isDown = Flag()
        let cache = makeCache({
            $0.timeToLive = .seconds(60)
            $0.staleOnError = .seconds(3_600)
        }) { key, number in
            if isDown.isSet { throw Failure(number: number) }
            return "\(key)\(number)"
        }
        _ = try await cache.value(for: "a")
        isDown.set()
        clock.advance(by: .seconds(61))
        let stale = try await cache.cached("a")
        #expect(stale.value == "a1" && stale.isStale)
        #expect(loads.value.count == 2)
        clock.advance(by: .seconds(29))
        #expect(try await cache.cached("a").isStale)
        #expect(loads.value.count == 2)
        clock.advance(by: .seconds(1))
        #expect(try await cache.value(for: "a") == "a1")
        #expect(loads.value.count == 3)
        clock.advance(by: .seconds(3_600))
        await #expect(throws: Failure.self) { try await cache.value(for: "a") }
    }

    @Test func `C14: with an old value nobody waits longer than the soft limit; the load goes on and is kept`()
        async throws
    {
        let go = Latch()
        let cache = makeCache({
            $0.timeToLive = .seconds(60)
            $0.staleOnError = .seconds(3_600)
            $0.softLimit = .milliseconds(100)
        }) { key, number in
            if number > 1 { try await go.wait() }
            return "\(key)\(number)"
        }
        _ = try await cache.value(for: "a")
        clock.advance(by: .seconds(61))
        let caller = Task { try await cache.cached("a") }
        await until { clock.pending == 2 }
        clock.advance(by: .milliseconds(100))
        #expect(try await caller.value.isStale)
        go.open()
        await until { cache.statistics.loading == 0 }
        #expect(cache.peek("a") == "a2")
        #expect(cache.statistics.staleHits == 1)
    }

    @Test func `C15: a value that was invalidated while it was loaded is given to who waited, and not kept`()
        async throws
    {
        let go = Latch()
        let cache = makeCache { key, number in
            if number == 1 { try await go.wait() }
            return "\(key)\(number)"
        }
        let early = Task { try await cache.value(for: "a") }
        await until { loads.value.count == 1 }
        cache.invalidate("a")
        #expect(try await cache.value(for: "a") == "a2")
        go.open()
        #expect(try await early.value == "a1")
        #expect(cache.peek("a") == "a2")
    }

    @Test func `a value that was set while another was loaded stays`() async throws {
        let go = Latch()
        let cache = makeCache { key, number in
            try await go.wait()
            return "\(key)\(number)"
        }
        let early = Task { try await cache.value(for: "a") }
        await until { loads.value.count == 1 }
        cache.set("a", to: "mine")
        go.open()
        _ = try await early.value
        #expect(cache.peek("a") == "mine")
    }

    @Test func `C16: invalidating a tag drops what has it, and what is being loaded with it`() async throws {
        let go = Latch()
        let clock = clock
        let started = Flag()
        let cache = LoadingCache<Int, Int>(
            "tags", CacheOptions { $0.clock = clock }, tags: { key, _ in [key % 2 == 0 ? "even" : "odd"] }
        ) { key in
            if key == 4 {
                started.set()
                try await go.wait()
            }
            return key
        }
        for key in 0..<4 { _ = try await cache.value(for: key) }
        let loading = Task { try await cache.value(for: 4) }
        await until { started.isSet }
        cache.invalidate(tag: "even")
        #expect((0..<4).map { cache.peek($0) != nil } == [false, true, false, true])
        go.open()
        #expect(try await loading.value == 4)
        #expect(cache.peek(4) == nil)
    }

    @Test func `C17: a load that asks for its own key, or for one that waits for it, fails at once`() async throws {
        let box = Shared<LoadingCache<String, String>?>(nil)
        let both = Latch()
        let cache = LoadingCache<String, String>("loop", CacheOptions { $0.clock = clock }) { key in
            guard let cache = box.value else { return "" }
            if key == "self" { return try await cache.value(for: "self") }
            if key == "x" {
                both.open()
                return try await cache.value(for: "y")
            }
            try await both.wait()
            return try await cache.value(for: "x")
        }
        box.change { $0 = cache }
        await #expect(throws: RecursiveLoadError.self) { try await cache.value(for: "self") }
        let x = Task { try await cache.value(for: "x") }
        let y = Task { try await cache.value(for: "y") }
        await #expect(throws: RecursiveLoadError.self) { try await x.value }
        await #expect(throws: RecursiveLoadError.self) { try await y.value }
        box.change { $0 = nil }
    }

    @Test func `C19: task-local values reach a load; the caller's deadline does not`() async throws {
        let clock = clock
        let cache = makeCache { _, _ in
            #expect(ResilienceContext.current == nil)
            return Self.trace
        }
        var context = ResilienceContext()
        context.setDeadline(clock.now.advanced(by: .seconds(1)), on: clock)
        let value = try await Self.$trace.withValue("t-1") {
            try await ResilienceContext.$current.withValue(context) { try await cache.value(for: "a") }
        }
        #expect(value == "t-1")
    }

    @Test func `a scan over many keys does not push out what is used`() async throws {
        let cache = makeCache { $0.capacity = 100 }
        for _ in 0..<4 { for key in 0..<50 { _ = try await cache.value(for: "hot\(key)") } }
        for key in 0..<10_000 { _ = try await cache.value(for: "scan\(key)") }
        let kept = (0..<50).count { cache.peek("hot\($0)") != nil }
        #expect(kept == 50)
        #expect(cache.statistics.entries <= 100)
    }

    @Test func `weights count against the capacity, and what is heavier than that is not kept`() async throws {
        let clock = clock
        let cache = LoadingCache<Int, Int>(
            "weights",
            CacheOptions {
                $0.clock = clock
                $0.capacity = 100
            }, weigh: { _, value in value }
        ) { $0 }
        for key in [10, 20, 30, 40, 50, 60] { _ = try await cache.value(for: key) }
        #expect(cache.statistics.weight <= 100 && cache.statistics.evictions > 0)
        #expect(try await cache.value(for: 101) == 101)
        #expect(cache.peek(101) == nil)
    }

    @Test func `C22: statistics are exact under 64 tasks with random keys, cancellations and invalidations`()
        async throws
    {
        var random = seededRandom()
        let seed = random.next()
        let clock = clock
        let options = CacheOptions {
            $0.clock = clock
            $0.capacity = 50
        }
        let cache = LoadingCache<Int, Int>("stress", options) { key in
            await Task.yield()
            if key % 17 == 16 { throw Failure() }
            return key * 2
        }
        let calls = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<64 {
                group.addTask {
                    var random = SeededRandom(seed: seed &+ UInt64(worker))
                    for _ in 0..<200 {
                        let key = Int(random.next() % 100)
                        calls.change { $0 += 1 }
                        switch random.next() % 8 {
                        case 0:
                            let task = Task { try await cache.value(for: key) }
                            if random.next() % 2 == 0 { await Task.yield() }
                            task.cancel()
                            _ = await task.result
                        case 1:
                            cache.invalidate(key)
                            _ = try? await cache.value(for: key)
                        default:
                            let value = try? await cache.value(for: key)
                            if key % 17 == 16 { #expect(value == nil) } else { #expect(value == key * 2) }
                        }
                    }
                }
            }
        }
        await until { cache.statistics.loading == 0 }
        let statistics = cache.statistics
        #expect(statistics.hits + statistics.misses == UInt64(calls.value))
        #expect(statistics.entries <= 50 && statistics.weight == statistics.entries)
    }
}
