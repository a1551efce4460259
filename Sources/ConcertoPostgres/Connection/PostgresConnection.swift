#if PostgreSQL
import CPQ
import Concerto
public import ConcertoRuntime

/// One connection to PostgreSQL.
///
/// ```swift
/// let connection = try await PostgresConnection.connect("postgres://app@db/orders?sslmode=verify-full")
/// let row = try await connection.query("select count(*) from orders where city = \(city)").first
/// ```
///
/// Several tasks may use it: they take turns, a statement, a stream of rows, a copy or a transaction at a time.
///
/// - Cancellation: of a task that waits for its turn ends the wait, and nothing is sent. A statement that runs is cancelled
///   on the server (`PQcancel`) and its end is awaited, so that the connection can be used again; one that does not end
///   within ``PostgresOptions/cancelTimeout`` costs the connection. A statement that was done first returns its result.
/// - Where it runs: on the caller's executor, without blocking its thread: sockets are waited for by one thread for the
///   process, and what blocks in libpq (connecting, `PQcancel`) has a thread of its own.
/// - Ordering: first come, first served.
/// - Allocates: libpq's buffers; a wait costs three objects.
public final class PostgresConnection: Sendable {
    let link: Link
    let turn = AsyncLock(name: "PostgresConnection")
    /// Set on the connection that the body of a transaction gets.
    let isInTransaction: Bool

    /// The transaction whose body is running, to find those who would wait for themselves.
    @TaskLocal static var openTransaction: OpenTransaction?

    init(link: Link, isInTransaction: Bool = false) {
        self.link = link
        self.isInTransaction = isInTransaction
    }

    deinit { if !isInTransaction { link.close() } }

    /// Opens a connection, once.
    ///
    /// - Parameters:
    ///   - connectionString: As libpq takes it: a URI or `key=value` pairs, with service files, password files, TLS, several
    ///     hosts. Empty: the environment (`PGHOST`, …).
    ///   - options: What else.
    ///   - clock: Measures the options' times, but for ``PostgresOptions/connectTimeout``, which is libpq's.
    /// - Cancellation: ends the wait at once; the attempt is closed when libpq is through with it.
    /// - Throws: ``PostgresError`` of the kinds `libraryMissing`, `configuration`, `refused`, `unreachable`;
    ///   `InvalidOptionsError`; `CancellationError`.
    nonisolated(nonsending)
        public static func connect(
            _ connectionString: String = "", options: PostgresOptions = PostgresOptions(),
            clock: any TimerClock = MonotonicClock()
        ) async throws -> PostgresConnection
    {
        try options.validate()
        return PostgresConnection(link: try await Link.connect(connectionString, options: options, clock: clock))
    }

    /// Closes the connection: those who wait for their turn fail, a use that has begun ends first.
    public func close() {
        turn.close()
        if !isInTransaction { link.close() }
    }

    /// Whether it is of no use any more: closed, broken or given up.
    public var isClosed: Bool { link.isThrough }

    /// Whether somebody has the turn, and how many wait for it.
    package var hasHolder: Bool { turn.isLocked }
    package var waiters: Int { turn.statistics.waiters }

    /// Where it leads: `user@host:port/database`.
    public var place: String { link.place }

    /// The server's version: 150018 is 15.18.
    ///
    /// - Throws: ``PostgresError``.
    nonisolated(nonsending)
        public func serverVersion() async throws -> Int
    {
        try await withTurn { Int($0.library.functions.serverVersion($0.raw)) }
    }

    /// Whether the server still answers; finds a broken connection that nobody has used since.
    nonisolated(nonsending)
        func isAlive() async -> Bool
    {
        (try? await withTurn { $0.isAlive }) ?? false
    }

    /// Runs `body` when it is this caller's turn.
    nonisolated(nonsending)
        func withTurn<Result>(_ body: nonisolated(nonsending) (Link) async throws -> Result) async throws -> Result
    {
        if let open = Self.openTransaction, open.isOpen(on: self) {
            throw PostgresError(
                .usage,
                "the connection to \(place) is inside a transaction: use the connection that its body was given; this "
                    + "one would wait for itself")
        }
        do {
            try await turn.lock()
        } catch is ClosedError {
            throw isInTransaction
                ? PostgresError(.closed, "the transaction is over: its connection can't be used any more")
                : Link.closedError(place)
        }
        defer { turn.unlock() }
        try link.enter()
        defer { link.leave() }
        return try await body(link)
    }
}
#endif
