import Concerto

func topic12() async throws {
    // By hand.
    enum Order {
        case asksForPrice
        case asksForStock(price: Int)
        case done(String)

        mutating func resume(with answer: Int) {
            switch self {
            case .asksForPrice: self = .asksForStock(price: answer)
            case .asksForStock(let price): self = .done("\(answer) at \(price)")
            case .done: break
            }
        }
    }
    var order = Order.asksForPrice
    for answer in [30, 7] { order.resume(with: answer) }
    if case .done(let text) = order { print("by hand: \(text)") }

    // By the compiler.
    func ask(_ answer: Int) async -> Int {
        await Task.yield()
        return answer
    }
    let price = await ask(30)
    let stock = await ask(7)
    print("by the compiler: \(stock) at \(price)")
}
