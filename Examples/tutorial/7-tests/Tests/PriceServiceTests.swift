import Concerto
import ConcertoTesting
import FlakyAPI
import Testing

@testable import Tutorial7

@Suite struct PriceServiceTests {
    let clock = ManualClock()
    let executor = ManualExecutor()

    /// Lets everything run, and the time pass at which something waits, until nothing waits any more.
    func finish() {
        repeat { executor.runUntilIdle() } while clock.advanceToNextTimer()
    }

    @Test func `a product that was refused is asked for again after ten milliseconds`() async throws {
        let service = PriceService(api: PriceAPI(clock: clock), clock: clock)
        let call = executor.task { (price: try await service.price(of: 5), end: clock.now) }
        finish()
        #expect(try await call.value.price == 105)
        #expect(service.api.calls == 2)
        #expect(try await call.value.end.nanoseconds == 14_000_000)  // two calls of 2 ms, and 10 ms between them
    }

    @Test func `a product that never answers costs one limit of a second`() async throws {
        let service = PriceService(api: PriceAPI(clock: clock), clock: clock)
        let call = executor.task { (price: try await service.price(of: 27), end: clock.now) }
        finish()
        #expect(try await call.value.price == 127)
        #expect(try await call.value.end.nanoseconds == 1_012_000_000)
    }

    @Test func `no more than four calls are made at once`() async throws {
        let service = PriceService(api: PriceAPI(clock: clock), clock: clock)
        let prices = executor.task { try await service.prices(of: 1...30) }
        finish()
        #expect(try await prices.value.count == 30)
        #expect(service.api.mostAtOnce == 4)
    }

    @Test func `the service ends at a stop, and not in the middle of a round`() async throws {
        let service = PriceService(api: PriceAPI(clock: clock), clock: clock)
        let stop = CancellationTokenSource()
        let rounds = Rounds()
        let run = executor.task {
            try await service.run(every: .seconds(60), until: stop.token) { prices in
                if rounds.add(prices.count) == 3 { stop.cancel() }
            }
        }
        finish()
        try await run.value
        #expect(rounds.sizes == [20, 20, 20])
    }
}
