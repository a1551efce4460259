#if Lint
import Testing

@testable import AsyncLint

@Suite("API tables")
struct APITableTests {
    private func rules(_ code: String, _ yaml: String = "") async throws -> [String] {
        let configuration = try Configuration(yaml: yaml, source: "test")
        return await Linter(configuration: configuration, workers: 1).lint([Linter.Source(path: "a.swift", text: code)])
            .active.map(\.rule)
    }

    @Test("a package's table and the user's own add up")
    func adds() async throws {
        let code = "func f(_ c: Conn) async { c.execSync(); bcrypt(1, 2) }"
        var configuration = try Configuration(yaml: "apis: { blocking: [\"bcrypt(_:_:)\"] }", source: "test")
        try configuration.addAPITable(
            yaml: "blocking: [{ call: \"Conn.execSync()\", use: \"exec()\" }]", source: "Conn/asynclint-apis.yml")
        let report = await Linter(configuration: configuration).lint([Linter.Source(path: "a.swift", text: code)])
        #expect(report.active.count == 2)
        #expect(report.active.first?.message.contains("use exec()") == true)
    }

    @Test("a call is taken off")
    func removes() async throws {
        #expect(
            try await rules("func f() async { await work(); usleep(1) }", "apis: { remove: [\"usleep(_:)\"] }").isEmpty)
    }

    @Test("a function that takes an asynchronous closure makes its closure asynchronous")
    func asyncClosures() async throws {
        let code = "func f() { spawn { usleep(1) } }"
        #expect(try await rules(code).isEmpty)
        #expect(try await rules(code, "apis: { async-closures: [spawn] }") == ["blocking-call-in-async"])
        #expect(
            try await rules(code + "\nfunc spawn(_ body: @escaping () async -> Void) {}") == ["blocking-call-in-async"])
    }

    @Test("another lock's calls")
    func locks() async throws {
        let code = "func f(_ m: M) async { m.take(); await work(); m.give() }"
        #expect(
            try await rules(code, "apis: { locks: [{ acquire: take, release: give }] }") == ["lock-held-across-await"])
    }

    @Test(
        "what is no table is refused by name", arguments: ["blocking: 3", "bloking: []", "locks: [x]", "- a", "a: [b"])
    func refused(_ yaml: String) {
        var configuration = Configuration()
        #expect(throws: ConfigurationError.self) { try configuration.addAPITable(yaml: yaml, source: "t.yml") }
    }
}
#endif
