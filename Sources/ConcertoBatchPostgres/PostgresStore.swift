#if Batch && PostgreSQL
package import ConcertoBatch
internal import ConcertoPostgres

/// A ``SharedStore`` in a schema of a PostgreSQL database.
///
/// One connection, one statement or transaction at a time; short ones, so that nothing holds vacuum up. What is updated is
/// `run`, `chunk` and `worker`, some thousand rows in all; rows, marks and results are inserted only. A run of more than
/// ``largeRun`` rows has tables of its own, which go by `DROP` without a dead row; smaller ones share theirs.
package final class PostgresStore: SharedStore {
    /// The version of the schema that this code works with.
    static let version = 2
    /// Rows from which a run has tables of its own.
    static let largeRun = 10_000

    let client: PostgresClient
    let schema: String

    /// - Parameters:
    ///   - connectionString: As libpq has it: a URI, or words such as `service=…`.
    ///   - schema: Where the tables stand.
    ///   - patience: How long a database that is away is tried again before ``SharedStoreAway`` is thrown.
    package init(_ connectionString: String, schema: String = "concerto", patience: Duration = .seconds(30)) throws {
        var options = PostgresOptions()
        options.reconnectFor = patience
        client = try PostgresClient(connectionString, options: options)
        self.schema = schema
    }

    /// What a transaction of a worker may take. One that is stopped in the middle of it must not keep its chunk locked:
    /// those who look for work pass locked ones over, whatever their lease.
    func settings(lease: Duration = .seconds(30), durable: Bool = true) -> [String: String] {
        var settings = [
            "idle_in_transaction_session_timeout": "\(max(1_000, lease.milliseconds / 3))ms",
            "statement_timeout": "30s",
            "lock_timeout": "5s",
        ]
        // What is lost then is lost with the progress of its chunk, so that its rows are called again.
        if !durable { settings["synchronous_commit"] = "off" }
        return settings
    }

    func name(_ table: String) -> String { Self.quoted(schema) + "." + Self.quoted(table) }

    /// A table of which large runs have one each.
    func name(_ table: String, of run: SharedRun) -> String { name(run.isLarge ? "\(table)_\(run.id)" : table) }

    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\0", with: "").replacing("\"", with: "\"\"") + "\""
    }

    /// Runs `body`, and says what its failure means to who shares the store.
    nonisolated(nonsending)
        func asking<Value>(_ body: nonisolated(nonsending) () async throws -> Value) async throws -> Value
    {
        do {
            return try await body()
        } catch let error as PostgresError {
            throw Self.meaning(of: error, schema)
        }
    }

    private static func meaning(of error: PostgresError, _ schema: String) -> any Error {
        let state = error.sqlState ?? ""
        // 53 no room, 25006 read-only, 25P03 ended while idle in a transaction, 57014 took too long: none of them for ever.
        let passes = state.hasPrefix("53") || ["25006", "25P03", "57014"].contains(state)
        if error.kind == .commitUnknown { return SharedStoreAway(error.description, mayBeDone: true) }
        if error.isTransient || passes { return SharedStoreAway(error.description, mayBeDone: false) }
        if state == "42P01" || state == "3F000" { return missing(schema) }
        let isTheirs: [PostgresError.Kind] = [.libraryMissing, .configuration, .refused]
        // 42501: a right is missing.
        return isTheirs.contains(error.kind) || state == "42501"
            ? BatchError(kind: .configuration, description: error.description)
            : BatchError(kind: .store, description: error.description)
    }

    package static func missing(_ schema: String) -> BatchError {
        BatchError(
            kind: .configuration,
            description: "the database has no schema '\(schema)' of Concerto's: create it with concerto batch migrate")
    }

    package func close() async { client.close() }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
#endif
