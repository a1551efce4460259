#if PostgreSQL
import Concerto
public import ConcertoResilience
public import ConcertoRuntime

/// A connection that is opened when it is needed, and again when it has broken.
///
/// ```swift
/// let database = try PostgresClient("postgres://app@db/orders")
/// let open = try await database.withConnection { try await $0.query("select count(*) from orders where not done") }
/// ```
///
/// Only connecting is repeated, by ``PostgresOptions/backoff`` for as long as ``PostgresOptions/reconnectFor``; never a
/// statement, which may have been done. A connection that broke while nobody used it is replaced before it is lent.
///
/// - Cancellation: ends the waits, for the turn and between attempts.
/// - Where it runs: on the caller's executor.
/// - Ordering: one `withConnection` at a time, first come, first served.
public final class PostgresClient: Sendable {
    let connectionString: String
    /// How it connects.
    public let options: PostgresOptions
    let clock: any TimerClock
    let random: RandomSource
    let source: any PostgresConnectionSource

    /// Creates a client; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - connectionString: As for ``PostgresConnection/connect(_:options:clock:)``.
    ///   - options: What else.
    ///   - clock: Measures the waits between attempts.
    ///   - random: Spreads them.
    /// - Throws: `InvalidOptionsError`.
    public convenience init(
        _ connectionString: String = "", options: PostgresOptions = PostgresOptions(),
        clock: any TimerClock = MonotonicClock(), random: RandomSource = .system
    ) throws(InvalidOptionsError) {
        try options.validate()
        let connector = PostgresConnector(connectionString, options: options, clock: clock, random: random)
        self.init(connector, source: SingleConnectionSource(connector))
    }

    init(_ connector: PostgresConnector, source: any PostgresConnectionSource) {
        connectionString = connector.connectionString
        options = connector.options
        clock = connector.clock
        random = connector.random
        self.source = source
    }

    /// Runs `body` with a connection that nobody else has meanwhile.
    ///
    /// - Throws: ``PostgresError``; `CancellationError`; what `body` throws.
    nonisolated(nonsending)
        public func withConnection<Result>(
            _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Result
        ) async throws -> Result
    {
        let connection = try await source.take()
        defer { source.giveBack(connection) }
        return try await body(connection)
    }

    /// Runs one statement; see ``PostgresConnection/query(_:)``.
    @discardableResult
    nonisolated(nonsending)
        public func query(_ query: PostgresQuery) async throws -> PostgresResult
    {
        try await withConnection { try await $0.query(query) }
    }

    /// Runs `body` in a transaction; see ``PostgresConnection/transaction(_:settings:_:)``.
    @discardableResult
    nonisolated(nonsending)
        public func transaction<Result>(
            _ characteristics: String = "", settings: [String: String] = [:],
            _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Result
        ) async throws -> Result
    {
        try await withConnection { try await $0.transaction(characteristics, settings: settings, body) }
    }

    /// Closes what is open and refuses what comes.
    public func close() { source.close() }
}
#endif
