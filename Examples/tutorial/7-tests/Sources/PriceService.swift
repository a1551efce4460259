import Concerto
import ConcertoResilience
import FlakyAPI

struct PriceService: Sendable {
    let api: PriceAPI
    let clock: any TimerClock
    let upstream: ResiliencePipeline

    init(api: PriceAPI, clock: any TimerClock = MonotonicClock()) {
        self.api = api
        self.clock = clock
        upstream = ResiliencePipeline("prices") {
            Timeout(.seconds(30), clock: clock)
            Retry(
                maxRetries: 3, backoff: .exponential(base: .milliseconds(10), cap: .seconds(1), jitter: .none),
                clock: clock)
            Timeout(.seconds(1), clock: clock)
        }
    }

    func price(of product: Int) async throws -> Int {
        try await upstream.execute { try await api.price(of: product) }
    }

    func prices(of products: ClosedRange<Int>) async throws -> [Int] {
        try await products.mapConcurrently(limit: 4) { try await price(of: $0) }
    }

    /// Asks for the prices again and again, until `stop` is cancelled. A round that has begun is not cut short.
    func run(every period: Duration, until stop: CancellationToken, each: @Sendable ([Int]) -> Void) async throws {
        let timer = try PeriodicTimer(period: period, clock: clock)
        let stopping = stop.register { timer.stop() }
        defer { stopping.unregister() }
        repeat {
            each(try await prices(of: 1...20))
        } while try await timer.waitForNextTick()
    }
}
