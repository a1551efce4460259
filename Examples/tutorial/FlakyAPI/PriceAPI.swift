import Concerto
import Synchronization

/// An API that misbehaves as real ones do, in the process itself: it stands for an HTTP client.
package final class PriceAPI: Sendable {
    package struct Unavailable: Error {
        package var product: Int
    }

    private let state = Mutex((asked: [Int: Int](), now: 0, most: 0, calls: 0))
    private let clock: any TimerClock

    package init(clock: any TimerClock = MonotonicClock()) { self.clock = clock }

    package var calls: Int { state.withLock { $0.calls } }
    package var mostAtOnce: Int { state.withLock { $0.most } }

    /// Refuses each fifth product when it is asked for the first time, and never answers the first question for
    /// product 27.
    package func price(of product: Int) async throws -> Int {
        let time = state.withLock {
            $0.asked[product, default: 0] += 1
            $0.calls += 1
            $0.now += 1
            $0.most = max($0.most, $0.now)
            return $0.asked[product]!
        }
        defer { state.withLock { $0.now -= 1 } }
        try await Task.delay(for: product == 27 && time == 1 ? .seconds(3_600) : .milliseconds(2), clock: clock)
        if product % 5 == 0 && time == 1 { throw Unavailable(product: product) }
        return 100 + product
    }
}
