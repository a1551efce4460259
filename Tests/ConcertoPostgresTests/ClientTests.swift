#if PostgreSQL
import Concerto
import ConcertoPostgres
import Testing
import TestSupport

extension ServerTests {
    @Suite struct ClientTests {
        static func end(_ process: Int) async throws {
            try await TestServer.connect().query("select pg_terminate_backend(\(process))")
        }

        @Test func `a connection that broke while nobody used it is replaced before it is lent`() async throws {
            let client = try PostgresClient(TestServer.connectionString)
            let first = try await client.query("select pg_backend_pid()")[0][0, as: Int.self]
            try await Self.end(first)
            let witness = try await TestServer.connect()
            try await TestServer.until {
                try await witness.query("select 1 from pg_stat_activity where pid = \(first)").isEmpty
            }
            let second = try await client.query("select pg_backend_pid()")[0][0, as: Int.self]
            #expect(second != first)
            client.close()
            await #expect(throws: PostgresError.self) { try await client.query("select 1") }
        }

        @Test func `one body at a time has the connection`() async throws {
            let client = try PostgresClient(TestServer.connectionString)
            let processes = try await (0..<20).mapConcurrently(limit: 20) { _ in
                try await client.transaction { connection in
                    _ = try await connection.query("select 1")
                    return try await connection.query("select pg_backend_pid()")[0][0, as: Int.self]
                }
            }
            #expect(Set(processes).count == 1)
        }

        @Test func `a server that refuses is not asked again`() async throws {
            var options = PostgresOptions()
            options.reconnectFor = .seconds(3_600)
            let client = try PostgresClient(
                "\(TestServer.connectionString) dbname=nobody_has_made_it", options: options)
            let error = await #expect(throws: PostgresError.self) { try await client.query("select 1") }
            #expect(error?.kind == .refused)
            #expect(error?.sqlState == "3D000")
            #expect(error?.description.contains("createdb") == true)
        }

        @Test func `a wrong and a missing password are refused with what to do`() async throws {
            let witness = try await TestServer.connect()
            guard try await witness.query("select 1 from pg_roles where rolname = 'guarded'").count == 1 else { return }
            for password in ["password=wrong", "passfile=/dev/null"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await TestServer.connect("user=guarded \(password)")
                }
                #expect(error?.kind == .refused)
                #expect(error?.sqlState == "28P01")
                #expect(error?.description.contains("~/.pgpass") == true)
            }
        }

        @Test(.enabled(if: TestServer.hasFiles)) func `service and password files are libpq's`() async throws {
            let connection = try await PostgresConnection.connect("service=concerto_test user=guarded")
            #expect(try await connection.query("select current_user::text")[0][0, as: String.self] == "guarded")
            let error = await #expect(throws: PostgresError.self) {
                try await PostgresConnection.connect("service=nobody_has_written_it")
            }
            #expect(error?.kind == .refused)
        }

        @Test(.enabled(if: TestServer.root != nil)) func `TLS is libpq's, and verifies`() async throws {
            let place = "host=localhost port=\(TestServer.port) user=concerto dbname=postgres sslmode=verify-full"
            let connection = try await PostgresConnection.connect("\(place) sslrootcert=\(TestServer.root ?? "")")
            let row = try await connection.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")[0]
            #expect(try row[0, as: Bool.self])
            let error = await #expect(throws: PostgresError.self) {
                try await PostgresConnection.connect("\(place) sslrootcert=/nowhere/root.crt")
            }
            #expect(error?.kind == .refused)
            #expect(error?.description.contains("sslrootcert") == true)
        }

        @Test(.enabled(if: TestServer.pooler != nil))
        func `a pooler in transaction mode carries statements, streams, copies and settings`() async throws {
            let connection = try await PostgresConnection.connect(TestServer.pooler ?? "")
            #expect(try await connection.query("select \(1)::int")[0][0, as: Int.self] == 1)
            var sum = 0
            for try await row in connection.rows("select n from generate_series(1, \(100)::int) n") {
                sum += try row[0]
            }
            #expect(sum == 5_050)
            let table = TestServer.name()
            try await connection.query("create table \(identifier: table) (n int)")
            try await connection.transaction(settings: ["lock_timeout": "5s"]) { inner in
                #expect(try await inner.query("show lock_timeout")[0][0, as: String.self] == "5s")
                try await inner.copyIn("copy \(identifier: table) from stdin") {
                    for n in 0..<10 { try await $0.row(n) }
                }
            }
            for try await _ in connection.rows("select generate_series(1, 100000000000)") { break }
            #expect(try await connection.query("select count(*) from \(identifier: table)")[0][0, as: Int.self] == 10)
            try await connection.query("drop table \(identifier: table)")
        }

        @Test(.enabled(if: TestServer.pooler != nil)) func `listening through a pooler is refused, not deaf`()
            async throws
        {
            let client = try PostgresClient(TestServer.pooler ?? "")
            let error = await #expect(throws: PostgresError.self) { for try await _ in client.listen(to: "x") {} }
            #expect(error?.kind == .usage)
            #expect(error?.description.contains("pooler") == true)
        }

        @Test func `notifications arrive, and after a loss the listener says that it reconnected`() async throws {
            let channel = "Jobs \"\(TestServer.name())\""
            let client = try PostgresClient("\(TestServer.connectionString) application_name='\(TestServer.name("a"))'")
            let sender = try await TestServer.connect()
            var heard: [PostgresEvent] = []
            for try await event in client.listen(to: channel) {
                switch event {
                case .connected, .reconnected:
                    heard.append(event)
                    try await sender.query("select pg_notify(\(channel), \("payload"))")
                case .notification(let name, let payload, let process):
                    #expect(name == channel && payload == "payload" && process > 0)
                    heard.append(.notification(channel: name, payload: payload, process: 0))
                    if heard.count == 4 { break }
                    // The listener's own process is the one that listens there last.
                    try await sender.query(
                        """
                        select pg_terminate_backend(pid) from pg_stat_activity
                        where pid <> pg_backend_pid() and query = \("listen \"Jobs \"\"\(channel.dropFirst(6).dropLast())\"\"\"")
                        """)
                }
                if heard.count == 4 { break }
            }
            let notified = PostgresEvent.notification(channel: channel, payload: "payload", process: 0)
            #expect(heard == [.connected, notified, .reconnected, notified])
        }

        @Test func `a cancelled listener ends`() async throws {
            let client = try PostgresClient(TestServer.connectionString)
            let latch = Latch()
            let listener = Task { for try await _ in client.listen(to: "silence") { latch.open() } }
            try await latch.wait()
            listener.cancel()
            await #expect(throws: CancellationError.self) { try await listener.value }
        }
    }
}
#endif
