#if Batch && PostgreSQL
import ConcertoBatch
import ConcertoBatchPostgres
import ConcertoPostgres
import Foundation
import Testing

/// The stores that the laws are held against.
enum TestStore: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case postgres
    /// PostgreSQL behind a pooler in transaction mode.
    case pooled

    static var connectionString: String { ProcessInfo.processInfo.environment["CONCERTO_TEST_POSTGRES"] ?? "" }
    static var pooler: String? { ProcessInfo.processInfo.environment["CONCERTO_TEST_PGBOUNCER"] }
    /// Restarts the server; `nil` if that is not ours to do.
    static var control: String? { ProcessInfo.processInfo.environment["CONCERTO_TEST_POSTGRES_CTL"] }
    static var hasServer: Bool { !connectionString.isEmpty }

    static let all = allCases.filter { kind in
        switch kind {
        case .memory: true
        case .postgres: hasServer
        case .pooled: pooler != nil
        }
    }

    var testDescription: String { rawValue }

    /// Runs `body` with an empty store of its own.
    func run(_ body: (any SharedStore) async throws -> Void) async throws {
        if self == .memory { return try await body(MemorySharedStore()) }
        let place = self == .pooled ? Self.pooler ?? "" : Self.connectionString
        let schema = "laws_\(UInt64.random(in: 0 ... .max))"
        let store = try PostgresStore(place, schema: schema)
        try await store.migrate()
        let result: Result<Void, any Error>
        do { result = .success(try await body(store)) } catch { result = .failure(error) }
        try await Self.remove(schema)
        await store.close()
        try result.get()
    }

    static func remove(_ schema: String) async throws {
        let client = try PostgresClient(connectionString)
        try await client.query("drop schema if exists \(identifier: schema) cascade")
        client.close()
    }
}

/// The tests that need a server, which `scripts/with-postgres` starts. Without one they are skipped, in one line.
@Suite(.enabled(if: TestStore.hasServer, "no PostgreSQL server: run the tests by scripts/with-postgres"))
enum ServerTests {}
#endif
