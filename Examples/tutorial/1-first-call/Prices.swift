import Concerto
import FlakyAPI

@main struct Prices {
    static func main() async throws {
        let api = PriceAPI()
        print("product 1 costs \(try await api.price(of: 1))")
    }
}
