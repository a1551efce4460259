#if PostgreSQL
import Concerto
import ConcertoRuntime

/// Where a client has its connections from: the seam for a pool.
protocol PostgresConnectionSource: Sendable {
    /// A connection for one borrower, who gives it back.
    nonisolated(nonsending)
        func take() async throws -> PostgresConnection
    /// Takes a connection back, whatever has become of it.
    func giveBack(_ connection: PostgresConnection)
    /// Closes what is there; borrowers end first.
    func close()
}

/// One connection, lent to one borrower at a time.
final class SingleConnectionSource: PostgresConnectionSource {
    private struct State {
        var connection: PostgresConnection?
        var isClosed = false
    }

    private let turn = AsyncLock(name: "PostgresClient")
    private let state = Guarded(State())
    private let connector: PostgresConnector

    init(_ connector: PostgresConnector) { self.connector = connector }

    deinit { close() }

    nonisolated(nonsending)
        func take() async throws -> PostgresConnection
    {
        // asynclint:ignore:next lock-not-released — the turn goes with the connection, and ends in giveBack
        do { try await turn.lock() } catch is ClosedError {
            throw PostgresError(.closed, "the PostgreSQL client has been closed: create a new one")
        }
        do {
            if let kept = state.withLock({ $0.connection }) {
                if await kept.isAlive() { return kept }
                kept.close()
            }
            let connection = try await connector.connect()
            let isLate = state.withLock { state in
                state.connection = connection
                return state.isClosed
            }
            if isLate {
                connection.close()
                throw PostgresError(.closed, "the PostgreSQL client has been closed: create a new one")
            }
            return connection
        } catch {
            turn.unlock()
            throw error
        }
    }

    func giveBack(_ connection: PostgresConnection) { turn.unlock() }

    func close() {
        turn.close()
        let connection = state.withLock { state in
            state.isClosed = true
            return state.connection.take()
        }
        connection?.close()
    }
}
#endif
