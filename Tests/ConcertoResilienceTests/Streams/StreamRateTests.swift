import Concerto
import ConcertoResilience
import ConcertoTesting
import Testing

/// A tick is a millisecond of a clock that the test moves.
@Suite struct StreamRateTests {
    private func ready(_ elements: [String], on marbles: Marbles) -> MarbleSource {
        marbles.cold(
            MarbleDiagram(
                elements.map { MarbleDiagram.Moment(.element($0), at: 0) } + [MarbleDiagram.Moment(.end, at: 0)]))
    }

    @Test func `19: shaped to one in 110, ten that are ready come one every 110`() {
        let marbles = Marbles()
        let limiter = RateLimiter(.smooth(1, per: .ticks(110)), clock: marbles.clock)
        let numbers = (1...10).map { "\($0)" }
        let seen = marbles.run(ready(numbers, on: marbles).rateLimited(by: limiter))
        let expected = numbers.enumerated().map { MarbleDiagram.Moment(.element($0.element), at: $0.offset * 110) }
        #expect(seen == MarbleDiagram(expected + [MarbleDiagram.Moment(.end, at: 990)]))
    }

    @Test func `19: enforced, the second that is ready is a failure`() {
        let marbles = Marbles()
        let limiter = RateLimiter(.smooth(1, per: .ticks(110)), clock: marbles.clock)
        let seen = marbles.run(ready(["1", "2", "3"], on: marbles).rateLimited(by: limiter, .enforcing))
        #expect(seen == "1@0 #RateLimiterRejectedError@0")
        #expect(limiter.statistics.waiters == 0)
    }

    @Test func `20: an element takes as many permits as it costs`() throws {
        let marbles = Marbles()
        let limiter = RateLimiter(.tokenBucket(capacity: 3, refill: 3, per: .ticks(10)), clock: marbles.clock)
        let seen = marbles.run(
            ready(["1", "2", "3", "1"], on: marbles).rateLimited(by: limiter) { Int($0) ?? 0 })
        let ticks = seen.moments.filter { $0.event != .end }.map(\.tick)
        try #require(ticks.count == 4)
        #expect(ticks[..<3] == [0, 0, 10])
        #expect((13...14).contains(ticks[3]))
    }

    @Test func `what costs nothing passes freely, and what costs more than passes at once is a failure`() {
        let marbles = Marbles()
        let limiter = RateLimiter(.smooth(1, per: .ticks(110)), clock: marbles.clock)
        let free = marbles.run(ready(["a", "b", "c"], on: marbles).rateLimited(by: limiter) { _ in 0 })
        #expect(free == "a@0 b c |")
        let dear = marbles.run(ready(["a"], on: marbles).rateLimited(by: limiter) { _ in 2 })
        #expect(dear == "#RateLimiterRejectedError@0")
    }
}
