#if PostgreSQL
import ConcertoPostgres
import Foundation
import Testing

/// The tests that need a server, which `scripts/with-postgres` starts. Without one they are skipped, in one line.
@Suite(.enabled(if: TestServer.isThere, "no PostgreSQL server: run the tests by scripts/with-postgres"))
enum ServerTests {}

/// The server of the tests.
enum TestServer {
    static var connectionString: String { ProcessInfo.processInfo.environment["CONCERTO_TEST_POSTGRES"] ?? "" }
    static var isThere: Bool { !connectionString.isEmpty }

    static func connect(_ settings: String = "", _ options: PostgresOptions = PostgresOptions()) async throws
        -> PostgresConnection
    {
        try await .connect("\(connectionString) \(settings)", options: options)
    }

    /// A name for a table, a role, a channel of one test.
    static func name(_ kind: String = "t") -> String { "\(kind)_\(UInt64.random(in: 0 ... .max))" }

    private static func value(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    static var port: Int { value("CONCERTO_TEST_POSTGRES_PORT").flatMap { Int($0) } ?? 0 }
    /// The certificate to trust, if the server has TLS.
    static var root: String? { value("CONCERTO_TEST_POSTGRES_ROOT") }
    static var pooler: String? { value("CONCERTO_TEST_PGBOUNCER") }
    static var hasFiles: Bool { value("CONCERTO_TEST_POSTGRES_CTL") != nil }

    /// Runs `body` until it says that it is through; the server is asked again and again, not waited for.
    static func until(_ body: () async throws -> Bool) async throws {
        while try await !body() { try Task.checkCancellation() }
    }
}
#endif
