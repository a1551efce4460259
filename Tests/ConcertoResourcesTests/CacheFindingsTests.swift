import Concerto
import ConcertoResilience
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoResources

/// What was found wrong in the cache, and must not come back.
@Suite(.oneAtATime) struct CacheFindingsTests {
    let clock = ManualClock()

    @Test func `what is loaded through a pipeline is loaded: nothing around it calls itself`() async throws {
        let pipeline = ResiliencePipeline { Retry(maxRetries: 1, backoff: .none) }
        let cache = LoadingCache<Int, Int>("through a pipeline", CacheOptions { $0.clock = clock }) { key in
            try await pipeline.execute("load") { context in
                #expect(context.remaining == nil)
                return key * 2
            }
        }
        var outer = ResilienceContext()
        outer.setDeadline(clock.now.advanced(by: .seconds(1)), on: clock)
        let value = try await ResilienceContext.$current.withValue(outer) { try await cache.value(for: 21) }
        #expect(value == 42)
    }

    @Test func `loads that overlap without end do not keep every tag that was ever invalidated`() async throws {
        let go = Latch()
        let cache = LoadingCache<Int, Int>(
            "tags", CacheOptions { $0.clock = clock }, tags: { key, _ in key == 0 ? [] : ["user \(key)"] }
        ) { key in
            try await go.wait()
            return key
        }
        let callers = [0, 1, 2].map { key in Task { try await cache.value(for: key) } }
        await until { cache.statistics.loading == 3 }
        for user in 1...10_000 { cache.invalidate(tag: "user \(user)") }
        let remembered = cache.state.withLock { $0.invalidated.count }
        #expect(remembered <= 1_024)
        go.open()
        for caller in callers { _ = try await caller.value }
        // What has no tag was not invalidated; of the others nobody knows any more.
        #expect(cache.peek(0) == 0 && cache.peek(1) == nil && cache.peek(2) == nil)
        _ = try await cache.value(for: 1)
        #expect(cache.peek(1) == 1, "a load that began after the last invalidation is kept")
        #expect(cache.state.withLock { $0.invalidated.isEmpty })
    }

    @Test func `tags are forgotten when the last load is given up`() async throws {
        let cache = LoadingCache<Int, Int>("tags", CacheOptions { $0.clock = clock }) { key in
            try await Latch().wait()
            return key
        }
        let caller = Task { try await cache.value(for: 1) }
        await until { cache.statistics.loading == 1 }
        cache.invalidate(tag: "a")
        #expect(cache.state.withLock { $0.invalidated.count } == 1)
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
        #expect(cache.state.withLock { $0.invalidated.isEmpty })
    }

    /// A reader that a load begins inherits what says which load it is part of, and outlives it.
    @Test func `a task that outlives the load that began it closes no circle`() async throws {
        let box = Shared<LoadingCache<String, String>?>(nil)
        let (landed, asked) = (Latch(), Latch())
        let late = Shared<Task<String, any Error>?>(nil)
        let cache = LoadingCache<String, String>("late", CacheOptions { $0.clock = clock }) { key in
            guard let cache = box.value else { return "" }
            if key == "connection", late.value == nil {
                late.change {
                    $0 = Task {
                        try await landed.wait()
                        return try await cache.value(for: "user")
                    }
                }
            }
            if key == "user" {
                asked.open()
                return try await cache.value(for: "connection") + "/user"
            }
            return key
        }
        box.change { $0 = cache }
        #expect(try await cache.value(for: "connection") == "connection")
        cache.invalidate("connection")
        landed.open()
        let user = try await late.value?.value
        #expect(user == "connection/user")
        box.change { $0 = nil }
    }

    @Test func `a load that waits for one which waits for it takes the old value if there is one`() async throws {
        let box = Shared<LoadingCache<String, String>?>(nil)
        let clock = clock
        let options = CacheOptions {
            $0.clock = clock
            $0.timeToLive = .seconds(1)
            $0.timeToLiveJitter = 0
            $0.staleOnError = .seconds(60)
        }
        let cache = LoadingCache<String, String>("loop", options) { key in
            guard let cache = box.value else { return key }
            let other = try await cache.value(for: key == "a" ? "b" : "a")
            return "\(key)(\(other))"
        }
        #expect(try await cache.value(for: "a") == "a")
        clock.advance(by: .seconds(2))
        box.change { $0 = cache }
        // `b` has no value: it asks for `a`, which is old, and being loaded.
        #expect(try await cache.value(for: "a") == "a(b(a))")
        box.change { $0 = nil }
    }
}
