import Concerto
import ConcertoStreams

func topic42() async throws {
    let prices = AsyncGenerator<Int> { yield in for price in 1...50 { try await yield(price) } }
    let readers = try prices.broadcast(to: 2)
    async let sum = readers[0].reduce(0, +)
    async let bars = readers[1].filter { $0.isMultiple(of: 2) }.chunks(of: 5).count()
    print("sum \(try await sum)")
    print("bars \(try await bars)")
}
