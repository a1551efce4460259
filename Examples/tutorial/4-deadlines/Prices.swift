import Concerto
import ConcertoResilience
import FlakyAPI

struct PriceService: Sendable {
    let api: PriceAPI
    let upstream = ResiliencePipeline("prices") {
        Timeout(.seconds(30))  // for a product, with all its attempts
        Retry(maxRetries: 3, backoff: .exponential(base: .milliseconds(10), cap: .seconds(1)))
        Timeout(.seconds(1))  // for an attempt
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
        let prices = try await service.prices(of: 1...30)
        print("\(prices.count) prices by \(service.api.calls) calls")

        // Without the pipeline: the one who sets the limit reads the result, and `withDeadline` is enough.
        do {
            _ = try await withDeadline(in: .milliseconds(50)) { try await PriceAPI().price(of: 27) }
        } catch is CancellationError {
            print("product 27 takes longer than 50 ms")
        }
    }
}
