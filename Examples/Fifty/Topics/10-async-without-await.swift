import Concerto

func topic10() async throws {
    func total(of prices: [Int]) -> Int { prices.reduce(0, +) }  // plain: both worlds may call it
    func load() async throws -> [Int] {
        try await Task.delay(for: .milliseconds(1))
        return [3, 4, 5]
    }
    print("total: \(total(of: try await load()))")
}
