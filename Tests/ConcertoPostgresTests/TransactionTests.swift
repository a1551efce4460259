#if PostgreSQL
import Concerto
import ConcertoPostgres
import Testing
import TestSupport

extension ServerTests {
    @Suite struct TransactionTests {
        struct Refusal: Error {}

        static func connectionWithTable() async throws -> PostgresConnection {
            let connection = try await TestServer.connect()
            try await connection.query("create temp table t (n int)")
            return connection
        }

        static func count(_ connection: PostgresConnection) async throws -> Int {
            try await connection.query("select count(*) from t")[0][0]
        }

        @Test func `what returns is committed, what throws is rolled back`() async throws {
            let connection = try await Self.connectionWithTable()
            try await connection.transaction { try await $0.query("insert into t values (1)") }
            await #expect(throws: Refusal.self) {
                try await connection.transaction {
                    try await $0.query("insert into t values (2)")
                    throw Refusal()
                }
            }
            #expect(try await Self.count(connection) == 1)
        }

        @Test func `a transaction that is cancelled before its commit is rolled back`() async throws {
            let connection = try await Self.connectionWithTable()
            let task = Task {
                try await connection.transaction {
                    try await $0.query("insert into t values (1)")
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `inside another one it is a savepoint`() async throws {
            let connection = try await Self.connectionWithTable()
            try await connection.transaction { outer in
                try await outer.query("insert into t values (1)")
                try? await outer.transaction { inner in
                    try await inner.query("insert into t values (2)")
                    try await inner.query("insert into t values ('no number')")
                }
                try await outer.transaction { try await $0.query("insert into t values (3)") }
            }
            #expect(try await connection.query("select n from t order by n").map { try $0[0, as: Int.self] } == [1, 3])
        }

        @Test func `a hidden failure can't become a commit of nothing`() async throws {
            let connection = try await Self.connectionWithTable()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction {
                    try await $0.query("insert into t values (1)")
                    _ = try? await $0.query("selct")
                }
            }
            #expect(error?.kind == .usage)
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `settings last as long as the transaction`() async throws {
            let connection = try await Self.connectionWithTable()
            let inside = try await connection.transaction(settings: ["statement_timeout": "1234ms"]) {
                try await $0.query("show statement_timeout")[0][0, as: String.self]
            }
            #expect(inside == "1234ms")
            #expect(try await connection.query("show statement_timeout")[0][0, as: String.self] == "0")
        }

        @Test func `its characteristics reach the server`() async throws {
            let connection = try await Self.connectionWithTable()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction("read only") { try await $0.query("create table never (n int)") }
            }
            #expect(error?.sqlState == "25006")
        }

        @Test func `the outer connection inside throws, and does not wait for itself`() async throws {
            let connection = try await Self.connectionWithTable()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { _ in try await connection.query("select 1") }
            }
            #expect(error?.kind == .usage)
            let nested = await #expect(throws: PostgresError.self) {
                try await connection.transaction { outer in
                    try await outer.transaction { _ in try await outer.query("select 1") }
                }
            }
            #expect(nested?.kind == .usage)
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `its connection is of no use when it is over`() async throws {
            let connection = try await Self.connectionWithTable()
            let leaked = try await connection.transaction { $0 }
            let error = await #expect(throws: PostgresError.self) { try await leaked.query("select 1") }
            #expect(error?.kind == .closed)
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `a stream left inside is brought to its end before the commit`() async throws {
            let connection = try await Self.connectionWithTable()
            try await connection.transaction { inner in
                try await inner.query("insert into t values (1)")
                for try await _ in inner.rows("select n from generate_series(1, 3) n") { break }
            }
            #expect(try await Self.count(connection) == 1)
        }

        @Test func `a connection that breaks in a transaction leaves nothing behind`() async throws {
            let table = TestServer.name()
            let other = try await TestServer.connect()
            try await other.query("create table \(identifier: table) (n int)")
            let connection = try await TestServer.connect()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { inner in
                    try await inner.query("insert into \(identifier: table) values (1)")
                    let process = try await inner.query("select pg_backend_pid()")[0][0, as: Int.self]
                    try await other.query("select pg_terminate_backend(\(process))")
                    try await inner.query("insert into \(identifier: table) values (2)")
                }
            }
            #expect(error?.isTransient == true)
            #expect(try await other.query("select * from \(identifier: table)").isEmpty)
            try await other.query("drop table \(identifier: table)")
        }
    }
}
#endif
