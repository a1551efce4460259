import Concerto
import ConcertoResilience
import FlakyAPI

struct PriceService: Sendable {
    let api: PriceAPI
    let cache = AsyncLock(name: "price cache")
    let upstream = ResiliencePipeline("prices") {
        Timeout(.seconds(30))
        Retry(maxRetries: 3, backoff: .exponential(base: .milliseconds(10), cap: .seconds(1)))
        Timeout(.seconds(1))
    }

    func price(of product: Int) async throws -> Int {
        try await upstream.execute { try await api.price(of: product) }
    }

    func prices(of products: ClosedRange<Int>) async throws -> [Int] {
        try await products.mapConcurrently(limit: 4) { try await price(of: $0) }
    }

    /// A mistake: the lock is held while the API is asked, so that one slow product keeps all others waiting.
    func cachedPrice(of product: Int) async throws -> Int {
        try await cache.withLock { try await price(of: product) }
    }
}

@main struct Prices {
    static func main() async throws {
        ThreadPool.installAsDefault()  // first of all: blocked threads are replaced from here on
        WaitGraph.activate()  // from here on, waits are known by name

        // What the pipeline had to do.
        let events = EventCount()
        let listener = ResilienceTelemetry.shared.addListener { events.count($0.name) }
        let service = PriceService(api: PriceAPI())
        _ = try await service.prices(of: 1...20)
        listener.remove()
        print("attempts: \(events[.attemptExecuted]), retries: \(events[.retryAttempt])")

        // Who waits for what.
        let slow = Task.run(name: "price of 27") { try await service.cachedPrice(of: 27) }
        while WaitGraph.snapshot.holdings.isEmpty { await Task.yield() }
        let quick = Task.run(name: "price of 1") { try await service.cachedPrice(of: 1) }
        while !WaitGraph.snapshot.waits.contains(where: { $0.party.name == "price of 1" }) { await Task.yield() }
        for holding in WaitGraph.snapshot.holdings { print("\(holding.party.name!) holds \(holding.resource.text)") }
        for wait in WaitGraph.snapshot.waits where wait.hasOwner {
            print("\(wait.party.name!) waits for \(wait.resource.text)")
        }
        print("later: \(try await slow.value), \(try await quick.value)")
    }
}
