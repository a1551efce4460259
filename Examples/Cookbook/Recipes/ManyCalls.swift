import Concerto

/// A thousand calls, 32 at a time, in the order of the input. The first failure cancels the rest and is thrown.
func manyCalls() async throws {
    let users = FakeUsers()
    let names = try await (1...1_000).mapConcurrently(limit: 32) { id in
        try await users.name(of: id)
    }
    print("\(names.count) names, the last one is \(names.last!)")
    print("at most \(users.mostAtOnce) calls at once")
}

/// Stands for a client: answers after a millisecond, and remembers how many calls it had at once.
final class FakeUsers: Sendable {
    private let calls = Gauge()

    var mostAtOnce: Int { calls.most }

    func name(of id: Int) async throws -> String {
        calls.enter()
        defer { calls.leave() }
        try await Task.delay(for: .milliseconds(1))
        return "user \(id)"
    }
}
