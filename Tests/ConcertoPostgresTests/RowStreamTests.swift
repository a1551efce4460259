#if PostgreSQL
import Concerto
import ConcertoPostgres
import Testing
import TestSupport

extension ServerTests {
    @Suite struct RowStreamTests {
        @Test func `rows come one by one, in order, all of them`() async throws {
            let connection = try await TestServer.connect()
            var next = 1
            for try await row in connection.rows("select n, repeat('x', 100) from generate_series(1, 20000) n") {
                #expect(try row[0, as: Int.self] == next)
                next += 1
            }
            #expect(next == 20_001)
            #expect(try await connection.query("select 1").count == 1)
        }

        @Test func `a loop that is left early cancels the statement and leaves the connection usable`() async throws {
            let connection = try await TestServer.connect()
            var seen = 0
            // Without a cancellation it would go on for hours.
            for try await _ in connection.rows("select generate_series(1, 100000000000)") {
                seen += 1
                if seen == 3 { break }
            }
            #expect(seen == 3)
            #expect(try await connection.query("select 1").count == 1)
        }

        @Test func `a cancelled loop ends with CancellationError and leaves the connection usable`() async throws {
            let connection = try await TestServer.connect()
            let latch = Latch()
            let loop = Task {
                for try await _ in connection.rows("select generate_series(1, 100000000000)") { latch.open() }
            }
            try await latch.wait()
            loop.cancel()
            await #expect(throws: CancellationError.self) { try await loop.value }
            #expect(try await connection.query("select 1").count == 1)
        }

        @Test func `an error in the middle comes after the rows before it`() async throws {
            let connection = try await TestServer.connect()
            var seen: [Int] = []
            let error = await #expect(throws: PostgresError.self) {
                for try await row in connection.rows("select 6 / (3 - n) from generate_series(1, 5) n") {
                    seen.append(try row[0])
                }
            }
            #expect(seen == [3, 6])
            #expect(error?.sqlState == "22012")
            #expect(try await connection.query("select 1").count == 1)
        }

        @Test func `nothing is sent before the first next`() async throws {
            let connection = try await TestServer.connect()
            let rows = connection.rows("select * from a_table_that_is_not_there")
            #expect(try await connection.query("select 1").count == 1)
            await #expect(throws: PostgresError.self) { for try await _ in rows {} }
        }
    }
}
#endif
