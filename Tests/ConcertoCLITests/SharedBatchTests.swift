#if CLI
import ConcertoPostgres
import DemoServer
import Foundation
import TestSupport
import Testing

@Suite(
    "concerto batch on many machines", .serialized,
    .enabled(
        if: !SharedStoreSetup.connectionString.isEmpty, "no PostgreSQL server: run the tests by scripts/with-postgres"),
    .timeLimit(.minutes(10)))
struct SharedBatchTests {
    @Test func `rows are submitted, worked on, exported in their order and dropped`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try scratch.write(
                    "in", (1...120).map { #"{"id":"r\#($0)","url":"\#(server.url)/users/\#($0)"}"# } + ["broken"])
                let submitted = try await setup.tool("submit", "in", "--name", "night", in: scratch)
                #expect(submitted.code == 0 && submitted.output == "night\n", "\(submitted.errors)")
                let worked = try await setup.tool("work", "--exit-when-idle", "-c", "8", in: scratch)
                #expect(worked.code == 0, "\(worked.errors)")
                let status = try await setup.status("night", in: scratch)
                #expect(status["state"] as? String == "finished")
                #expect((status["succeeded"] as? Int, status["failed"] as? Int) == (120, 1))
                #expect(try await setup.tool("export", "night", "-o", "out", in: scratch).code == 0)
                let results = try scratch.results("out")
                #expect(results.prefix(120).compactMap { $0["id"] as? String } == (1...120).map { "r\($0)" })
                #expect((results.last?["error"] as? [String: any Sendable])?["kind"] as? String == "invalid_row")
                #expect(server.hits.count == 120 && server.hits.values.allSatisfy { $0 == 1 })
                #expect(try await setup.tool("drop", "night", in: scratch).code == 0)
                #expect(try await setup.tool("status", "night", in: scratch).code == 2)
            }
        }
    }

    @Test func `a table's columns and the environment make the calls where the worker is`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try scratch.write("in.csv", ["city,age", "\"Köln, am Rhein\",7"])
                let environment = ["CONCERTO_TEST_TOKEN": "s3cret"]
                let submitted = try await setup.tool(
                    "submit", "in.csv", "--name", "night", "--url", "\(server.url)/echo?q={city}", "--body",
                    #"{"age":{age:number}}"#, "-H", "Authorization: Bearer {env:CONCERTO_TEST_TOKEN}", "--select",
                    "sent=.body", in: scratch, environment: environment)
                #expect(submitted.code == 0, "\(submitted.errors)")
                // What the run is made by holds the name of the variable, and not what it stands for.
                let client = try PostgresClient(SharedStoreSetup.connectionString)
                let options = try await client.query(
                    "select convert_from(options, 'UTF8') from \(identifier: setup.schema).run")
                let text = try options[0][0, as: String.self]
                client.close()
                #expect(text.contains("CONCERTO_TEST_TOKEN") && !text.contains("s3cret"))
                #expect(try await setup.tool("work", "--exit-when-idle", in: scratch).code == 2, "the token is missing")
                let worked = try await setup.tool("work", "--exit-when-idle", in: scratch, environment: environment)
                #expect(worked.code == 0, "\(worked.errors)")
                let exported = try await setup.tool("export", "night", in: scratch)
                #expect(exported.output.contains(#""sent":"{\"age\":7}""#), "\(exported.output)")
            }
        }
    }

    @Test func `a secret in the command line is not brought into the database`() async throws {
        try await SharedStoreSetup.run { setup, scratch in
            try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
            let url = "http://127.0.0.1:1/"
            for words in [
                ["-H", "Authorization: Bearer abc"], ["--url", url, "--form", "api_key=sk-abc"],
                ["--url", url, "--form=APPID=sk-{id}-abc"], ["--url", url, "--form", "to=http://me:abc@127.0.0.1/"],
            ] {
                let ending = try await setup.tool(["submit", "in"] + words, in: scratch)
                #expect(ending.code == 2, "\(words)")
                #expect(ending.errors.contains("{env:NAME}") && !ending.errors.contains("abc"), "\(ending.errors)")
            }
            let open = try await setup.tool(
                [
                    "submit", "in", "--url", url, "--form", "api_key={env:CONCERTO_TEST_TOKEN}", "--form",
                    "auth=Bearer {token}",
                ],
                in: scratch, environment: ["CONCERTO_TEST_TOKEN": "s3cret"])
            #expect(!open.errors.contains("a secret stands"), "\(open.errors)")
        }
    }

    @Test func `a paused run is left alone, and retry calls failed rows again`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try scratch.write("in", [#"{"url":"\#(server.url)/status/404"}"#])
                #expect(try await setup.tool("submit", "in", "--name", "night", in: scratch).code == 0)
                #expect(try await setup.tool("pause", "night", in: scratch).output.contains("paused"))
                #expect(try await setup.tool("work", "--exit-when-idle", in: scratch).code == 0)
                #expect(server.hits.isEmpty)
                #expect(try await setup.tool("resume", "night", in: scratch).code == 0)
                #expect(try await setup.tool("work", "--exit-when-idle", in: scratch).code == 0)
                #expect(try await setup.tool("retry", "night", in: scratch).code == 0)
                #expect(try await setup.tool("work", "--exit-when-idle", in: scratch).code == 0)
                #expect(server.hits == ["GET /status/404": 2])
                #expect(try await setup.tool("cancel", "night", in: scratch).code == 2, "it is finished")
            }
        }
    }

    @Test func `a store that is not there, not this version, or not to be had is told with what to do`() async throws {
        let scratch = try Scratch()
        let setup = SharedStoreSetup()
        func complaint(_ store: String, _ words: String...) async throws -> String {
            let ending = try await ToolProcess(["batch"] + words + ["--store", store], in: scratch).wait()
            #expect(ending.code == 2 || ending.code == 4)
            return ending.errors
        }
        let place = SharedStoreSetup.connectionString
        #expect(try await setup.tool("status", in: scratch).errors.contains("concerto batch migrate"))
        #expect(try await complaint(place + " dbname=nowhere", "status").contains("createdb"))
        let refused = try await complaint("\(place) user=guarded password=hunter2", "status")
        #expect(refused.contains("password") && !refused.contains("hunter2"))
        let nobody = try await complaint("postgres://me:hunter2@127.0.0.1:1/jobs", "status")
        #expect(nobody.contains("me@127.0.0.1:1/jobs") && !nobody.contains("hunter2"))
        let powerless = try await setup.tool("migrate", in: scratch, environment: ["PGOPTIONS": "-c role=guarded"])
        #expect(powerless.code == 2 && powerless.errors.contains("grant"), "\(powerless.errors)")
        // A library that can't be loaded, before the real one.
        try scratch.write("libpq.so.5", ["no library"])
        let missing = try await setup.tool(
            "status", in: scratch, environment: ["LD_LIBRARY_PATH": scratch.url.path])
        #expect(missing.code == 2 && missing.errors.contains("apt-get install libpq5"), "\(missing.errors)")
        #expect(try await ToolProcess(["batch", "status"], in: scratch).wait().errors.contains("--store"))
        try await SharedStoreSetup.run { setup, scratch in
            try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
            let readOnly = try await setup.tool(
                "submit", "in", in: scratch, environment: ["PGOPTIONS": "-c default_transaction_read_only=on"])
            #expect(readOnly.code == 4 && readOnly.errors.contains("read-only"), "\(readOnly.errors)")
            let client = try PostgresClient(place)
            try await client.query("update \(identifier: setup.schema).version set version = 3")
            client.close()
            for command in ["status", "work", "migrate"] {
                let ending = try await setup.tool(command, in: scratch)
                #expect(ending.code == 2 && ending.errors.contains("newer concerto"), "\(ending.errors)")
            }
        }
    }

    @Test func `tables of the version before are brought to this one, with what they hold`() async throws {
        try await SharedStoreSetup.run { setup, scratch in
            try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
            #expect(try await setup.tool("submit", "in", "--name", "night", in: scratch).code == 0)
            let client = try PostgresClient(SharedStoreSetup.connectionString)
            for table in ["bucket", "gate"] {
                try await client.query("drop table \(identifier: setup.schema).\(identifier: table)")
            }
            try await client.query("update \(identifier: setup.schema).version set version = 1")
            client.close()
            let refused = try await setup.tool("work", "--exit-when-idle", in: scratch)
            #expect(refused.code == 2 && refused.errors.contains("concerto batch migrate"), "\(refused.errors)")
            #expect(try await setup.tool("migrate", in: scratch).code == 0)
            let worked = try await setup.tool("work", "--exit-when-idle", in: scratch)
            #expect(worked.code == 0, "\(worked.errors)")
            #expect(try await setup.status("night", in: scratch)["failed"] as? Int == 1)
        }
    }

    /// Submits so many rows that take as many milliseconds each.
    private func submit(
        _ rows: Int, _ milliseconds: Int, _ server: DemoServer, _ setup: SharedStoreSetup, _ scratch: Scratch
    )
        async throws
    {
        try scratch.write(
            "in", (1...rows).map { #"{"id":"r\#($0)","url":"\#(server.url)/slow/\#(milliseconds)/\#($0)"}"# })
        let ending = try await setup.tool("submit", "in", "--name", "night", in: scratch)
        #expect(ending.code == 0, "\(ending.errors)")
    }

    private func expectEachOnce(_ rows: Int, _ setup: SharedStoreSetup, _ scratch: Scratch) async throws {
        #expect(try await setup.tool("export", "night", "-o", "out", in: scratch).code == 0)
        #expect(try scratch.results("out").compactMap { $0["id"] as? String } == (1...rows).map { "r\($0)" })
        let status = try await setup.status("night", in: scratch)
        #expect((status["succeeded"] as? Int, status["state"] as? String) == (rows, "finished"))
    }

    @Test func `a worker that was stopped past its lease finds its rows done, and leaves them alone`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try await submit(60, 100, server, setup, scratch)
                let words = ["batch", "work", "--exit-when-idle", "-c", "4", "--lease", "5s"] + setup.store
                let stopped = try ToolProcess(words, in: scratch)
                await server.received(6)
                stopped.signal(SIGSTOP)
                let other = try await ToolProcess(words, in: scratch).wait()
                #expect(other.code == 0, "\(other.errors)")
                try await expectEachOnce(60, setup, scratch)
                let calls = server.hits.values.reduce(0, +)
                stopped.signal(SIGCONT)
                let ending = try await stopped.wait()
                #expect(ending.code == 0, "\(ending.errors)")
                // A call that was about to be sent when the process stopped is sent when it goes on: one for each of its -c 4.
                #expect(
                    server.hits.values.reduce(0, +) <= calls + 4, "it begins no other calls of rows that are another's")
                try await expectEachOnce(60, setup, scratch)
            }
        }
    }

    @Test func `an interrupted worker gives its rows back at once`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try await submit(60, 20, server, setup, scratch)
                let tool = try ToolProcess(["batch", "work", "-c", "2", "--lease", "1h"] + setup.store, in: scratch)
                await server.received(6)
                tool.signal(SIGTERM)
                let interrupted = try await tool.wait()
                #expect(interrupted.code == 0, "\(interrupted.errors)")
                // With a lease of an hour nobody else could have them, had they not been given back.
                #expect(try await setup.tool("work", "--exit-when-idle", in: scratch).code == 0)
                try await expectEachOnce(60, setup, scratch)
                #expect(server.hits.values.allSatisfy { $0 == 1 }, "what was under way has finished and counts")
            }
        }
    }

    @Test func `a rate of the run and a host's wish to be left alone are the affair of all its workers`() async throws {
        var demo = DemoServerConfiguration()
        demo.quota = 100
        try await DemoServer.run(demo) { server in
            try await SharedStoreSetup.run { setup, scratch in
                try scratch.write(
                    "in", (1...150).map { #"{"id":"r\#($0)","url":"\#(server.url)/users/\#($0)"}"# })
                let submitted = try await setup.tool(
                    "submit", "in", "--name", "night", "--rate", "200/s", "--rate", "360000/h", in: scratch)
                #expect(submitted.code == 0, "\(submitted.errors)")
                let words = ["batch", "work", "--exit-when-idle", "-c", "8"] + setup.store
                let workers = try (0..<2).map { _ in try ToolProcess(words, in: scratch) }
                for worker in workers {
                    let ending = try await worker.wait()
                    #expect(ending.code == 0, "\(ending.errors)")
                }
                try await expectEachOnce(150, setup, scratch)
                let client = try PostgresClient(SharedStoreSetup.connectionString)
                let schema = setup.schema
                let paces = try await client.query("select pace from \(identifier: schema).bucket order by pace")
                #expect(try paces.map { try $0[0, as: Double.self] } == [0.005, 0.01])
                let hosts = try await client.query("select host from \(identifier: schema).gate")
                #expect(try hosts.map { try $0[0, as: String.self] } == [server.url.replacing("http://", with: "")])
                client.close()
                let refused = try await setup.tool("submit", "in", "--rate", "900tokens/m", in: scratch)
                #expect(refused.code == 2 && refused.errors.contains("--rate"))
            }
        }
    }

    @Test func `a cancelled run ends its workers, shows what it has, and goes on when it is resumed`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try await submit(60, 50, server, setup, scratch)
                let words = ["batch", "work", "--exit-when-idle", "-c", "2"] + setup.store
                let tool = try ToolProcess(words, in: scratch)
                await server.received(10)
                #expect(try await setup.tool("cancel", "night", in: scratch).output.contains("cancelled"))
                let ending = try await tool.wait()
                #expect(ending.code == 0, "\(ending.errors)")
                #expect(try await setup.tool("export", "night", "-o", "part", in: scratch).code == 0)
                let part = try scratch.results("part").count
                #expect(part >= 8 && part < 60 && part == server.hits.count, "calls under way have finished and count")
                #expect(try await setup.tool("resume", "night", in: scratch).code == 0)
                #expect(try await ToolProcess(words, in: scratch).wait().code == 0)
                try await expectEachOnce(60, setup, scratch)
                #expect(server.hits.values.allSatisfy { $0 == 1 })
            }
        }
    }

    @Test(arguments: [60, 10_001]) func `a run that is dropped under its worker lets it go`(rows: Int) async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try await submit(rows, 50, server, setup, scratch)
                let tool = try ToolProcess(["batch", "work", "--exit-when-idle", "-c", "2"] + setup.store, in: scratch)
                await server.received(10)
                let dropped = try await setup.tool("drop", "night", in: scratch)
                #expect(dropped.code == 0, "\(dropped.errors)")
                let ending = try await tool.wait()
                #expect(ending.code == 0, "\(ending.errors)")
                // Large runs have tables of their own, which went with it.
                let client = try PostgresClient(SharedStoreSetup.connectionString)
                let tables = try await client.query(
                    "select count(*) from pg_tables where schemaname = \(setup.schema)")[0][0, as: Int.self]
                client.close()
                #expect(tables == 9)
            }
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["CONCERTO_TEST_POSTGRES_CTL"] != nil, "not our server"))
    func `a database that crashes and comes back costs time, and no row`() async throws {
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try await submit(100, 30, server, setup, scratch)
                let tool = try ToolProcess(
                    ["batch", "work", "--exit-when-idle", "-c", "4"] + setup.store, in: scratch)
                await server.received(20)
                let restart = #""$CONCERTO_TEST_POSTGRES_CTL" crash; "$CONCERTO_TEST_POSTGRES_CTL" start"#
                #expect(try await ToolProcess.shell(restart, in: scratch).code == 0)
                let ending = try await tool.wait()
                #expect(ending.code == 0, "\(ending.errors)")
                try await expectEachOnce(100, setup, scratch)
            }
        }
    }

    /// Rows of the kill test; `CONCERTO_SHARED_ROWS=200000` and more kills for the long proof.
    private static let rows = value("CONCERTO_SHARED_ROWS") ?? 2_000
    private static let kills = value("CONCERTO_SHARED_KILLS") ?? 8

    private static func value(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    /// Three workers; one of them, drawn at random, is killed after a random number of calls, and another is started.
    /// Sessions are ended under them as well. The server's own counts are the witness.
    @Test(.timeLimit(.minutes(60)))
    func `killed at random, every row has one result and no POST was executed twice`() async throws {
        var random = seededRandom()
        let moments = (0..<Self.kills).map { _ in
            (
                calls: Int.random(in: 1...max(2, Self.rows / Self.kills / 2), using: &random),
                worker: Int.random(in: 0..<3, using: &random), endsSessions: Bool.random(using: &random)
            )
        }
        try await DemoServer.run { server in
            try await SharedStoreSetup.run { setup, scratch in
                try scratch.write(
                    "in",
                    (1...Self.rows).map { number in
                        number % 3 == 0
                            ? #"{"id":"r\#(number)","method":"POST","url":"\#(server.url)/status/201/\#(number)","body":{}}"#
                            : #"{"id":"r\#(number)","url":"\#(server.url)/users/\#(number)"}"#
                    })
                #expect(try await setup.tool("submit", "in", "--name", "night", in: scratch).code == 0)
                func start() throws -> ToolProcess {
                    try ToolProcess(
                        ["batch", "work", "--exit-when-idle", "-c", "16", "--lease", "5s"] + setup.store, in: scratch)
                }
                var workers = try (0..<3).map { _ in try start() }
                let client = try PostgresClient(SharedStoreSetup.connectionString)
                for moment in moments {
                    let calls = server.hits.values.reduce(0, +)
                    let tool = workers[moment.worker]
                    await tool.hasEnded(orReceived: calls + moment.calls, by: server)
                    if moment.endsSessions {
                        try await client.query(
                            """
                            select pg_terminate_backend(pid) from pg_stat_activity
                            where pid <> pg_backend_pid() and query like \("%" + setup.schema + "%")
                            """)
                    }
                    tool.signal(SIGKILL)
                    _ = try await tool.wait()
                    workers[moment.worker] = try start()
                }
                client.close()
                for worker in workers {
                    let ending = try await worker.wait()
                    #expect(ending.code == 0, "\(ending.errors)")
                }
                #expect(try await setup.tool("export", "night", "-o", "out", in: scratch).code == 0)
                let results = try scratch.results("out")
                #expect(results.compactMap { $0["id"] as? String } == (1...Self.rows).map { "r\($0)" })
                let kinds = Set(results.compactMap { ($0["error"] as? [String: any Sendable])?["kind"] as? String })
                #expect(kinds.isSubset(of: ["unknown_outcome"]))
                let status = try await setup.status("night", in: scratch)
                #expect(status["state"] as? String == "finished")
                let done = [status["succeeded"], status["failed"]].compactMap { $0 as? Int }.reduce(0, +)
                #expect(done == Self.rows, "what is counted is what there is")
            }
            for (call, count) in server.hits where call.hasPrefix("POST") && count > 1 {
                Issue.record("\(call) was executed \(count) times")
            }
        }
    }
}
#endif
