#if PostgreSQL
import Concerto
import ConcertoPostgres
import Testing
import TestSupport

extension ServerTests {
    @Suite struct CopyTests {
        struct Refusal: Error {}

        static func connectionWithTable() async throws -> PostgresConnection {
            let connection = try await TestServer.connect()
            try await connection.query("create temp table t (n int primary key, words text, bytes bytea)")
            return connection
        }

        static func count(_ connection: PostgresConnection) async throws -> Int {
            try await connection.query("select count(*) from t")[0][0]
        }

        @Test func `what goes in comes out, with everything that COPY escapes`() async throws {
            let connection = try await Self.connectionWithTable()
            let words: [String?] = ["plain", "tab\tline\nreturn\rback\\slash", "\\N", "\\.", "", nil, "ü"]
            let count = try await connection.copyIn("copy t from stdin") { copy in
                for (n, text) in words.enumerated() { try await copy.row(n, text, [0, UInt8(n), 255]) }
            }
            #expect(count == words.count)
            let rows = try await connection.query("select words, bytes from t order by n")
            for (n, row) in rows.enumerated() {
                #expect(try row["words", as: String?.self] == words[n])
                #expect(try row["bytes", as: [UInt8].self] == [0, UInt8(n), 255])
            }
            var lines: [String] = []
            for try await line in connection.copyOut(
                "copy (select n, words from t where n in (0, 6) order by n) to stdout")
            {
                lines.append(String(decoding: line, as: UTF8.self))
            }
            #expect(lines == ["0\tplain\n", "6\tü\n"])
        }

        @Test func `more than any buffer holds goes through`() async throws {
            let connection = try await Self.connectionWithTable()
            let line = Array("\t\(String(repeating: "x", count: 1_000))\t\\N\n".utf8)
            try await connection.copyIn("copy t from stdin") { copy in
                for n in 0..<20_000 {
                    try await copy.write("\(n)".utf8)
                    try await copy.write(line)
                }
            }
            #expect(try await connection.query("select sum(length(words)) from t")[0][0, as: Int.self] == 20_000_000)
            var bytes = 0
            for try await line in connection.copyOut("copy t to stdout") { bytes += line.count }
            #expect(bytes > 20_000_000)
        }

        @Test func `a body that throws loads nothing`() async throws {
            let connection = try await Self.connectionWithTable()
            await #expect(throws: Refusal.self) {
                try await connection.copyIn("copy t from stdin") { copy in
                    for n in 0..<20_000 { try await copy.row(n, "text", [1]) }
                    throw Refusal()
                }
            }
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `a cancelled copy loads nothing, and the connection is used again`() async throws {
            let connection = try await Self.connectionWithTable()
            let task = Task {
                try await connection.copyIn("copy t from stdin") { copy in
                    try await copy.row(1, "text", [1])
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `a row that the table refuses refuses all`() async throws {
            let connection = try await Self.connectionWithTable()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.copyIn("copy t from stdin") { copy in
                    try await copy.row(1, "first", [1])
                    try await copy.row(1, "again", [1])
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await Self.count(connection) == 0)
        }

        @Test func `a loop over a copy that is left early leaves the connection usable`() async throws {
            let connection = try await TestServer.connect()
            for try await line in connection.copyOut(
                "copy (select generate_series(1, 100000000000)) to stdout")
            {
                #expect(line == Array("1\n".utf8))
                break
            }
            #expect(try await connection.query("select 1").count == 1)
        }

        @Test func `a statement that is no copy is refused, and so is one in the other direction`() async throws {
            let connection = try await Self.connectionWithTable()
            for sql in ["select 1", "copy t to stdout", "copy nowhere from stdin"] as [PostgresQuery] {
                await #expect(throws: PostgresError.self) { try await connection.copyIn(sql) { _ in } }
            }
            await #expect(throws: PostgresError.self) {
                for try await _ in connection.copyOut("copy t from stdin") {}
            }
            #expect(try await Self.count(connection) == 0)
        }
    }
}
#endif
