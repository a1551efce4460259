import Concerto
import FlakyAPI

@main struct Prices {
    static func main() async throws {
        let api = PriceAPI()
        let answers = try await (1...20).mapConcurrently(limit: 4) { product -> Result<Int, any Error> in
            do { return .success(try await api.price(of: product)) } catch { return .failure(error) }
        }
        let prices = answers.compactMap { try? $0.get() }
        print("\(prices.count) prices, \(answers.count - prices.count) calls failed")
        print("at most \(api.mostAtOnce) calls at once")
    }
}
