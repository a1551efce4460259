#if PostgreSQL
import Concerto
import ConcertoPostgres
import Testing
import TestSupport

extension ServerTests {
    @Suite struct QueryTests {
        @Test func `values come back as they were sent`() async throws {
            let connection = try await TestServer.connect()
            let bytes: [UInt8] = [0, 1, 92, 255]
            let row = try await connection.query(
                """
                select \(42)::int8 as number, \("ü'\"\n")::text as words, \(true)::bool as flag, \(-1.5)::float8 as real,
                       \(bytes) as bytes, \(nil as String?)::text as nothing, \(["a", "b,c"])::text[] as list
                """)[0]
            #expect(try row["number", as: Int.self] == 42)
            #expect(try row["words", as: String.self] == "ü'\"\n")
            #expect(try row["flag", as: Bool.self])
            #expect(try row["real", as: Double.self] == -1.5)
            #expect(try row["bytes", as: [UInt8].self] == bytes)
            #expect(try row["nothing", as: String?.self] == nil)
            #expect(try row["list", as: String.self] == #"{a,"b,c"}"#)
            let (number, words) = try row.values(as: Int64.self, String?.self)
            #expect(number == 42 && words == "ü'\"\n")
        }

        @Test func `a value that is not what was asked for is named`() async throws {
            let connection = try await TestServer.connect()
            let row = try await connection.query("select null as gap, 'x' as letter, 70000 as large")[0]
            #expect(throws: PostgresError.self) { try row["gap", as: Int.self] }
            #expect(throws: PostgresError.self) { try row["letter", as: Int.self] }
            #expect(throws: PostgresError.self) { try row["large", as: Int16.self] }
            #expect(throws: PostgresError.self) { try row["absent", as: Int.self] }
            #expect(throws: PostgresError.self) { try row[3, as: Int.self] }
        }

        @Test func `a refused statement says what, where and why, and leaves the connection usable`() async throws {
            let connection = try await TestServer.connect()
            let table = TestServer.name()
            try await connection.query("create temp table \(identifier: table) (n int constraint one_only primary key)")
            try await connection.query("insert into \(identifier: table) values (1)")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query("insert into \(identifier: table) values (\(1))")
            }
            #expect(error?.kind == .statement)
            #expect(error?.sqlState == "23505")
            #expect(error?.constraint == "one_only")
            #expect(error?.isTransient == false)
            let syntax = await #expect(throws: PostgresError.self) { try await connection.query("selct 1") }
            #expect(syntax?.position == 1)
            #expect(try await connection.query("select 1")[0][0, as: Int.self] == 1)
        }

        @Test func `text with a zero byte is refused before it is cut`() async throws {
            let connection = try await TestServer.connect()
            let error = await #expect(throws: PostgresError.self) { try await connection.query("select \("a\0b")") }
            #expect(error?.kind == .usage)
        }

        @Test func `many tasks take turns on one connection`() async throws {
            let connection = try await TestServer.connect()
            let numbers = try await (0..<50).mapConcurrently(limit: 50) { number in
                try await connection.query("select \(number)::int")[0][0, as: Int.self]
            }
            #expect(numbers == Array(0..<50))
        }

        @Test func `COPY by query is refused with the function to use, and the connection lives`() async throws {
            let connection = try await TestServer.connect()
            for sql in ["copy (select 1) to stdout", "copy pg_temp.nothing from stdin"] as [PostgresQuery] {
                _ = try? await connection.query("create temp table nothing (n int)")
                let error = await #expect(throws: PostgresError.self) { try await connection.query(sql) }
                #expect(error?.kind == .usage)
            }
            #expect(try await connection.query("select 1").count == 1)
        }

        @Test func `a cancelled statement ends on the server, and the connection is used again`() async throws {
            let connection = try await TestServer.connect()
            let witness = try await TestServer.connect()
            let process = try await connection.query("select pg_backend_pid()")[0][0, as: Int.self]
            let statement = Task { try await connection.query("select pg_sleep(600)") }
            func isRunning() async throws -> Bool {
                try await witness.query(
                    "select 1 from pg_stat_activity where pid = \(process) and state = 'active'"
                ).count == 1
            }
            try await TestServer.until(isRunning)
            statement.cancel()
            await #expect(throws: CancellationError.self) { try await statement.value }
            #expect(try await !isRunning())
            #expect(try await connection.query("select 7")[0][0, as: Int.self] == 7)
        }

        @Test func `who is cancelled while waiting for a turn sends nothing`() async throws {
            let connection = try await TestServer.connect()
            let latch = Latch()
            let table = TestServer.name()
            try await connection.query("create temp table \(identifier: table) (n int)")
            let holder = Task { try await connection.transaction { _ in try await latch.wait() } }
            await until { connection.hasHolder }
            let waiter = Task { try await connection.query("insert into \(identifier: table) values (1)") }
            waiter.cancel()
            await #expect(throws: CancellationError.self) { try await waiter.value }
            latch.open()
            try await holder.value
            #expect(try await connection.query("select * from \(identifier: table)").isEmpty)
        }

        @Test func `a connection that the server ends is lost, says so, and stays so`() async throws {
            let connection = try await TestServer.connect()
            let other = try await TestServer.connect()
            let process = try await connection.query("select pg_backend_pid()")[0][0, as: Int.self]
            try await other.query("select pg_terminate_backend(\(process))")
            let first = await #expect(throws: PostgresError.self) { try await connection.query("select 1") }
            #expect(first?.isTransient == true)
            await #expect(throws: PostgresError.self) { try await connection.query("select 1") }
            #expect(connection.isClosed)
        }

        @Test func `a closed connection refuses, and who waited for it fails`() async throws {
            let connection = try await TestServer.connect()
            let latch = Latch()
            let holder = Task {
                try await connection.transaction { inner in
                    try await latch.wait()
                    return try await inner.query("select 5")[0][0, as: Int.self]
                }
            }
            await until { connection.hasHolder }
            let waiter = Task { try await connection.query("select 1") }
            await until { connection.waiters == 1 }
            connection.close()
            let error = await #expect(throws: PostgresError.self) { try await waiter.value }
            #expect(error?.kind == .closed)
            latch.open()
            // What had begun ends.
            #expect(try await holder.value == 5)
            await #expect(throws: PostgresError.self) { try await connection.query("select 1") }
        }
    }
}
#endif
