import Concerto
import ConcertoResilience
import Dispatch
import FlakyAPI
import Foundation

struct PriceService: Sendable {
    let api: PriceAPI
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

    /// Asks for the prices again and again, until `stop` is cancelled. A round that has begun is not cut short.
    func run(every period: Duration, until stop: CancellationToken, each: @Sendable ([Int]) -> Void) async throws {
        let timer = try PeriodicTimer(period: period)
        let stopping = stop.register { timer.stop() }
        defer { stopping.unregister() }
        repeat {
            each(try await prices(of: 1...20))
        } while try await timer.waitForNextTick()
    }
}

@main struct Prices {
    static func main() async throws {
        let stop = CancellationTokenSource()
        signal(SIGTERM, SIG_IGN)  // the source below has it
        let signals = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        signals.setEventHandler { @Sendable in stop.cancel() }  // on a thread of its own, not on the main actor
        signals.resume()

        let service = PriceService(api: PriceAPI())
        try await service.run(every: .seconds(3_600), until: stop.token) { prices in
            print("\(prices.count) prices by \(service.api.calls) calls")
            kill(getpid(), SIGTERM)  // stands for the operator, who stops the service
        }
        print("stopped")
    }
}
