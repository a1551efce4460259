#if PostgreSQL
import Concerto
import ConcertoResilience
import ConcertoRuntime

/// Opens connections, as often as it takes.
struct PostgresConnector: Sendable {
    let connectionString: String
    let options: PostgresOptions
    let clock: any TimerClock
    let random: RandomSource

    init(_ connectionString: String, options: PostgresOptions, clock: any TimerClock, random: RandomSource) {
        self.connectionString = connectionString
        self.options = options
        self.clock = clock
        self.random = random
    }

    /// Opens a connection; while the server is away it is tried again, until `limit` has passed since the first attempt.
    ///
    /// - Parameter limit: `nil` for ever.
    /// - Throws: The last failure; `CancellationError`.
    nonisolated(nonsending)
        func connect(for limit: Duration?) async throws -> PostgresConnection
    {
        let start = clock.now
        var state = Backoff.State()
        var retry = 0
        while true {
            do {
                return try await PostgresConnection.connect(connectionString, options: options, clock: clock)
            } catch let error as PostgresError where error.isTransient {
                let delay = options.backoff.delay(beforeRetry: retry, state: &state, drawing: random.nextUnit)
                if let limit, start.duration(to: clock.now) + delay > limit { throw error }
                retry += 1
                try await clock.sleep(for: delay)
            }
        }
    }

    nonisolated(nonsending)
        func connect() async throws -> PostgresConnection
    {
        try await connect(for: options.reconnectFor)
    }
}
#endif
