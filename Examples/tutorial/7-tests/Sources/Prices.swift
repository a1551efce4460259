import Concerto
import Dispatch
import FlakyAPI
import Foundation

@main struct Prices {
    static func main() async throws {
        ThreadPool.installAsDefault()
        let stop = CancellationTokenSource()
        signal(SIGTERM, SIG_IGN)
        let signals = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        signals.setEventHandler { @Sendable in stop.cancel() }  // on a thread of its own, not on the main actor
        signals.resume()

        let service = PriceService(api: PriceAPI())
        try await service.run(every: .seconds(3_600), until: stop.token) { prices in
            print("\(prices.count) prices by \(service.api.calls) calls")
            kill(getpid(), SIGTERM)
        }
        print("stopped")
    }
}
