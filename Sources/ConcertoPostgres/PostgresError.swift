#if PostgreSQL
/// What went wrong with PostgreSQL: what happened, to what, and what to do. Never holds a password or a connection string.
public struct PostgresError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Kind: String, Hashable, Sendable {
        /// The client library is not installed.
        case libraryMissing
        /// The connection string or the options make no sense.
        case configuration
        /// The server refused the connection for a reason that will not pass: a wrong password, a missing database.
        case refused
        /// There was no connection to be had: the server is down, starts, is full, or the network is.
        case unreachable
        /// The connection broke while it was used.
        case lost
        /// The connection broke between a `COMMIT` and its answer: nobody knows whether it was done.
        case commitUnknown
        /// The connection has been closed.
        case closed
        /// The server refused a statement.
        case statement
        /// A value is not what was asked for.
        case decoding
        /// A connection was used in a way that can't work.
        case usage
    }

    /// What kind of failure it was.
    public var kind: Kind
    /// PostgreSQL's five letters for it, such as `23505`; `nil` where the server was not asked.
    public var sqlState: String?
    /// The server's own words, without ours.
    public var message: String
    /// What the server adds.
    public var detail: String?
    /// What the server advises.
    public var hint: String?
    /// The constraint that was violated.
    public var constraint: String?
    /// Where in the statement, in characters from 1.
    public var position: Int?
    /// What happened, to what, and what to do.
    public var description: String

    init(_ kind: Kind, _ description: String, sqlState: String? = nil) {
        self.kind = kind
        self.sqlState = sqlState
        message = description
        self.description = description
    }

    /// Whether it may be otherwise in a moment: the server is away, starts, is full or shuts down, or the statement lost
    /// against another one (a deadlock, a serialization failure, a lock that was not to be had).
    public var isTransient: Bool {
        switch kind {
        case .unreachable, .lost: return true
        case .statement:
            guard let sqlState else { return false }
            return ["40001", "40P01", "55P03"].contains(sqlState) || Self.isOutage(sqlState)
        case .libraryMissing, .configuration, .refused, .commitUnknown, .closed, .decoding, .usage: return false
        }
    }

    /// Whether the server, or a pooler before it, said that it is not there for anybody just now.
    static func isOutage(_ sqlState: String) -> Bool {
        // 08xxx connection, 53300 too many connections, 57P01…57P03 shutdown, crash, starting up.
        sqlState.hasPrefix("08") || sqlState == "53300" || ["57P01", "57P02", "57P03"].contains(sqlState)
    }

    /// What to do about a state, for those that people meet.
    static func advice(_ sqlState: String) -> String? {
        switch sqlState {
        case "28P01", "28000":
            "set the password in PGPASSWORD or in ~/.pgpass (mode 0600), or mend pg_hba.conf"
        case "3D000": "create the database with createdb, or name another one"
        case "42501": "grant this role the right"
        case "25006": "this server is read-only: connect to the primary (target_session_attrs=read-write)"
        case "53100": "the server's disk is full: make room there"
        case "53300": "all connections are taken: use fewer, or raise max_connections"
        default: nil
        }
    }
}
#endif
