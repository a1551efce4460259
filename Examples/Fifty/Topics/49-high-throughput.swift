import Concerto
import ConcertoResources

func topic49() async throws {
    let loads = Counter()
    let connections = ResourcePool("database", PoolOptions { $0.maximum = 4 }) { loads.add() }
    let users = LoadingCache<Int, String>("users") { id in
        try await connections.withResource { _ in
            try await Task.delay(for: .milliseconds(2))
            return "user \(id)"
        }
    }
    let answers = try await (0..<1_000).mapConcurrently(limit: 64) { try await users.value(for: $0 % 10) }
    print("\(answers.count) requests, \(users.statistics.loads) queries")
    print("no more than 4 connections: \(connections.statistics.opened <= 4)")
}
