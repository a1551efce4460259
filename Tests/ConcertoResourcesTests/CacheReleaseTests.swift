import ConcertoResources
import ConcertoTesting
import TestSupport
import Testing

/// A value whose end comes back to the cache that held it.
private final class Returning: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    deinit { body() }
}

@Suite struct CacheReleaseTests {
    /// Under the cache's lock the value's `deinit` would wait for that lock for ever.
    @Test(arguments: ["set", "remove", "tag", "all", "evict", "load"])
    func `a value that is replaced, removed or evicted goes after the lock`(way: String) async throws {
        let released = Shared(0)
        let place = Shared<LoadingCache<Int, Returning>?>(nil)
        let value: @Sendable () -> Returning = {
            Returning {
                _ = place.value?.statistics
                released.change { $0 += 1 }
            }
        }
        let options = CacheOptions {
            $0.capacity = 2
            // The time a load may take never passes, however busy the machine is.
            $0.clock = ManualClock()
        }
        let cache = LoadingCache<Int, Returning>("releases", options, tags: { _, _ in ["t"] }) { _ in value() }
        place.change { $0 = cache }
        cache.set(1, to: value())
        switch way {
        case "set": cache.set(1, to: value())
        case "remove": cache.invalidate(1)
        case "tag": cache.invalidate(tag: "t")
        case "all": cache.invalidateAll()
        case "evict": for key in 2...3 { cache.set(key, to: value()) }
        default: for key in 2...3 { _ = try await cache.value(for: key) }
        }
        #expect(released.value == 1)
        place.change { $0 = nil }
    }
}
