import Concerto

func topic02() async throws {
    let account = Account()
    let taken = try await (1...2).mapConcurrently(limit: 2) { _ in await account.withdraw(80) }
    print("\(taken.filter { $0 }.count) of 2 withdrawals went through, \(await account.balance) left")
}

private actor Account {
    private(set) var balance = 100

    func withdraw(_ amount: Int) async -> Bool {
        await Task.yield()  // asks somebody else; the other withdrawal runs meanwhile
        guard balance >= amount else { return false }  // checked after the wait, not before
        balance -= amount
        return true
    }
}
