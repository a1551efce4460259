#if PostgreSQL
import Concerto
public import ConcertoResilience

/// How to connect, beyond what the connection string, the environment and libpq's own files say.
public struct PostgresOptions: Sendable {
    /// Shown by `pg_stat_activity` unless the connection string names one.
    public var applicationName = "concerto"
    /// How long one attempt to connect to one host may take, unless `connect_timeout` is said elsewhere. Whole seconds,
    /// at least 2, as libpq has it. 10 seconds.
    public var connectTimeout = Duration.seconds(10)
    /// How long a cancelled statement may take to end before the connection is given up. 10 seconds.
    public var cancelTimeout = Duration.seconds(10)
    /// How long to wait before each further attempt to connect.
    public var backoff = Backoff.exponential(base: .milliseconds(100), cap: .seconds(5))
    /// How long connecting is tried again while the server is away, from the first attempt on; zero tries once. 30 seconds.
    public var reconnectFor = Duration.seconds(30)
    /// How long a listening connection may be silent before it is asked whether it still lives. 30 seconds.
    public var probeInterval = Duration.seconds(30)
    /// Whether listening through a pooler is allowed. In transaction mode nothing would ever come, so it is refused unless
    /// this says that the pooler keeps sessions.
    public var allowsListeningThroughPooler = false
    /// Gets the server's notices and warnings, on whichever thread uses the connection; nobody by default.
    public var onNotice: (@Sendable (String) -> Void)?

    /// The defaults.
    public init() {}

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("PostgresOptions")
        check.require(
            connectTimeout >= .seconds(2) && connectTimeout <= .seconds(86_400), "connectTimeout", connectTimeout,
            "between 2 seconds and a day")
        check.requirePositive(cancelTimeout, "cancelTimeout")
        check.requireNotNegative(reconnectFor, "reconnectFor")
        check.requirePositive(probeInterval, "probeInterval")
        check.require(backoff.check(), in: "backoff")
        try check.finish()
    }
}
#endif
