import Concerto
import ConcertoResilience
import FlakyAPI

struct PriceService: Sendable {
    let api: PriceAPI
    let upstream = ResiliencePipeline("prices") {
        Retry(maxRetries: 3, backoff: .exponential(base: .milliseconds(10), cap: .seconds(1)))
    }

    func price(of product: Int) async throws -> Int {
        try await upstream.execute { try await api.price(of: product) }
    }

    func prices(of products: ClosedRange<Int>) async throws -> [Int] {
        try await products.mapConcurrently(limit: 4) { try await price(of: $0) }
    }
}

@main struct Prices {
    static func main() async throws {
        let service = PriceService(api: PriceAPI())
        let prices = try await service.prices(of: 1...20)
        print("\(prices.count) prices by \(service.api.calls) calls")
    }
}
