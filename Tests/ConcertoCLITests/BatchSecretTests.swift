#if CLI
import DemoServer
import Foundation
import Testing

/// T8: secrets of every kind, in every situation in which something is written or said, searched for as bytes.
@Suite("concerto batch: secrets", .timeLimit(.minutes(5)))
struct BatchSecretTests {
    /// What a run is given in ten ways, none of which may be seen again.
    private enum Secret {
        static let all = (0..<10).map { "S8cret\($0)" }
        static let authorization = all[0]
        static let key = all[1]
        static let token = all[2]
        static let own = all[3]
        static let environment = all[4]
        static let row = all[5]
        static let cookie = all[6]
        static let password = all[7]
        static let query = all[8]
        static let proxy = all[9]
    }

    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let environment = [
        "CONCERTO_SECRET": Secret.environment, "CONCERTO_PROXY": Secret.proxy,
    ]

    private static let options = [
        "-H", "Authorization: Bearer \(Secret.authorization)", "-H", "X-Api-Key: \(Secret.key)",
        "-H", "PRIVATE-TOKEN: \(Secret.token)", "-H", "X-Own: \(Secret.own)", "--secret-header", "x-own",
        "-H", "X-Env: {env:CONCERTO_SECRET}", "--allow-env", "CONCERTO_SECRET", "--headers", "--summary-json",
        "summary",
        "--max-retries", "0",
    ]

    /// A row with a secret in each of its places.
    private static func row(_ id: Int, _ url: String, method: String = "GET") -> String {
        let place = url.replacingOccurrences(of: "://", with: "://user:\(Secret.password)@")
        let query = "?api_key=\(Secret.query)&e={env:CONCERTO_SECRET}"
        return #"{"id":\#(id),"method":"\#(method)","url":"\#(place)\#(query)","headers":"#
            + #"{"X-Auth-Token":"\#(Secret.row)","Cookie":"\#(Secret.cookie)"}}"#
    }

    /// Nothing that was written, and nothing that was said, holds a secret.
    private func check(_ ending: ToolProcess.Ending, _ situation: String) throws {
        for name in scratch.names where name.hasPrefix("out") || name == "summary" {
            let content = try Data(contentsOf: scratch.url.appendingPathComponent(name))
            for secret in Secret.all where content.range(of: Data(secret.utf8)) != nil {
                Issue.record("\(situation): \(name) holds \(secret)")
            }
        }
        for secret in Secret.all where (ending.errors + ending.output).contains(secret) {
            Issue.record("\(situation): \(secret) was said: \(ending.errors)\(ending.output)")
        }
    }

    private func run(
        _ situation: String, _ arguments: [String], code: Int32? = nil, says: String = ""
    ) async throws {
        let ending = try await ToolProcess(
            ["batch", "in"] + arguments + Self.options, in: scratch, environment: Self.environment
        ).wait()
        if let code { #expect(ending.code == code, "\(situation): \(ending.errors)") }
        #expect(
            says.isEmpty || (ending.errors + ending.output).contains(says),
            "\(situation): \(ending.errors)\(ending.output)")
        try check(ending, situation)
    }

    @Test("Secrets are seen nowhere, in fourteen situations")
    func everywhere() async throws {
        try await DemoServer.run { [self] server in
            let ok = server.url + "/users/1"
            try scratch.write("in", [Self.row(1, ok), Self.row(2, server.url + "/status/404")])
            try await run("1 dry run", ["--dry-run"], code: 0, says: "(secret)")
            try await run("2 success and failure", ["-o", "out"], code: 1)
            let renewed = [Secret.password, Secret.query, Secret.row].reduce(try scratch.read("in")) {
                $0.replacingOccurrences(of: $1, with: "renewed")
            }
            try await run("3 resumed", ["-o", "out", "--resume"], code: 1, says: "2 had finished before")
            try scratch.write("in", [renewed])
            try await run("4 resumed with renewed secrets", ["-o", "out", "--resume"], code: 1)
            try scratch.write("in", [Self.row(1, server.url + "/users/2"), Self.row(2, server.url + "/status/404")])
            try await run("5 changed rows", ["-o", "out", "--resume"], code: 4, says: "its url changed")
            try scratch.write("in", [Self.row(1, ok), Self.row(1, ok)])
            try await run("6 ids that are no ids", ["-o", "out", "--overwrite"], code: 2, says: "have the same id")
            try scratch.write("in", (1...200).map { Self.row($0, server.url + "/status/404") })
            try await run(
                "7 too many failures", ["-o", "out", "--overwrite", "--max-failures", "1"], code: 3,
                says: "'Authorization: (secret)'")
            try scratch.write(
                "in",
                [
                    Self.row(1, "http://127.0.0.1:1/"), Self.row(2, "http://does-not-exist.invalid/"),
                    Self.row(3, server.url.replacingOccurrences(of: "http:", with: "https:")),
                    Self.row(4, "http://127.0.0.1:99999/"), Self.row(5, "gopher://h/"),
                    #"{"id":6,"url":"http://{env:CONCERTO_SECRET}.invalid/"}"#,
                    #"{"id":7,"url":"http://h/","headers":{"\#(Secret.row) X":"\#(Secret.row)"}}"#,
                    #"{"id":8,"url":"http://h/","headers":{"X-Key":"\#(Secret.row)\r\n"}}"#,
                    #"{"id":9,"url":"user:\#(Secret.password)@h/?\#(Secret.query)"}"#,
                ])
            try await run("8 calls and rows of every failure", ["-o", "out", "--overwrite"], code: 1, says: "dns")
            try scratch.write("in", [Self.row(1, ok)])
            try await run(
                "9 a proxy that is down", ["-o", "out", "--overwrite", "-x", "http://me:\(Secret.proxy)@127.0.0.1:1"],
                code: 1)
            try await run(
                "10 a proxy that is none", ["-o", "out", "--overwrite", "-x", "ftp://me:\(Secret.proxy)@h"], code: 2)
            try await run("11 a colon that was forgotten", ["-o", "out", "-H", "X-Api-Key \(Secret.key)"], code: 2)
            try await run("12 a name that is none", ["-o", "out", "-H", "\(Secret.key) x: y"], code: 2)
        }
        try await stopped("13 interrupted", SIGINT)
        try await stopped("14 killed", SIGKILL)
    }

    /// Stops a run with a call under way, by a signal.
    private func stopped(_ situation: String, _ signal: Int32) async throws {
        try await DemoServer.run { [self] server in
            try scratch.write(
                "in", (1...20).map { Self.row($0, server.url + "/slow/100000", method: $0 % 2 == 0 ? "POST" : "GET") })
            let tool = try ToolProcess(
                ["batch", "in", "-o", "out", "--overwrite", "--grace", "1ms"] + Self.options, in: scratch,
                environment: Self.environment)
            await server.received(10)
            tool.signal(signal)
            let ending = try await tool.wait()
            try check(ending, situation)
            if signal == SIGINT {
                // T8.1: the command line came back word for word, and with it into the logs of every CI.
                for part in [
                    "with the secrets that are not shown here", "'Authorization: (secret)'", "'X-Api-Key: (secret)'",
                    "'PRIVATE-TOKEN: (secret)'", "'X-Own: (secret)'", "'X-Env: {env:CONCERTO_SECRET}'", "--resume",
                ] {
                    #expect(ending.errors.contains(part), "\(part): \(ending.errors)")
                }
            }
        }
    }

    // T8.1: `-x http://user:password@…` too; and from the environment, which was not possible.
    @Test(
        "The hint masks a proxy's password and leaves a placeholder",
        arguments: [
            ("http://me:S8cret9@127.0.0.1:1", "-x 'http://(secret)@127.0.0.1:1'"),
            ("http://me:{env:CONCERTO_PROXY}@127.0.0.1:1", "-x 'http://me:{env:CONCERTO_PROXY}@127.0.0.1:1'"),
        ])
    func proxyHint(proxy: String, shown: String) async throws {
        try scratch.write("in", (1...200).map { #"{"id":\#($0),"url":"http://127.0.0.1:1/"}"# })
        let ending = try await ToolProcess(
            ["batch", "in", "-o", "out", "--max-retries", "0", "--max-failures", "0", "-x", proxy], in: scratch,
            environment: Self.environment
        ).wait()
        #expect(ending.code == 3)
        #expect(ending.errors.contains(shown) && !ending.errors.contains(Secret.proxy), "\(ending.errors)")
    }

    @Test("A variable of -x that is not set is named")
    func unsetProxy() async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        let ending = try await ToolProcess.run("batch", "in", "-x", "http://u:{env:CONCERTO_NONE}@h", in: scratch)
        #expect(ending.code == 2 && ending.errors.contains("the environment variable CONCERTO_NONE is not set"))
    }
}
#endif
