#if CLI
import ConcertoPostgres
import Foundation
import Testing

/// A database of a test: a schema that goes with it.
struct SharedStoreSetup {
    static var connectionString: String { ProcessInfo.processInfo.environment["CONCERTO_TEST_POSTGRES"] ?? "" }

    let schema = "cli_\(UInt64.random(in: 0 ... .max))"
    var store: [String] { ["--store", Self.connectionString, "--schema", schema] }

    /// Runs `concerto batch NAME …` to its end.
    func tool(_ words: String..., in scratch: Scratch, environment: [String: String] = [:]) async throws
        -> ToolProcess.Ending
    {
        try await tool(words, in: scratch, environment: environment)
    }

    func tool(_ words: [String], in scratch: Scratch, environment: [String: String] = [:]) async throws
        -> ToolProcess.Ending
    {
        try await ToolProcess(["batch"] + words + store, in: scratch, environment: environment).wait()
    }

    static func run(_ body: (SharedStoreSetup, Scratch) async throws -> Void) async throws {
        let setup = SharedStoreSetup()
        let scratch = try Scratch()
        let migrated = try await setup.tool("migrate", in: scratch)
        #expect(migrated.code == 0, "\(migrated.errors)")
        let result: Result<Void, any Error>
        do { result = .success(try await body(setup, scratch)) } catch { result = .failure(error) }
        let client = try PostgresClient(connectionString)
        try await client.query("drop schema if exists \(identifier: setup.schema) cascade")
        client.close()
        try result.get()
    }

    /// How a run is, as `status --json` says it.
    func status(_ name: String, in scratch: Scratch) async throws -> [String: any Sendable] {
        let ending = try await tool("status", name, "--json", in: scratch)
        #expect(ending.code == 0, "\(ending.errors)")
        return try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: any Sendable] ?? [:]
    }
}
#endif
