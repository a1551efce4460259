#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime

/// A transaction whose body is running.
final class OpenTransaction: Sendable {
    private let connection: PostgresConnection
    private let outer: OpenTransaction?
    private let isOpen = Guarded(true)

    init(_ connection: PostgresConnection, inside outer: OpenTransaction?) {
        self.connection = connection
        self.outer = outer
    }

    func isOpen(on connection: PostgresConnection) -> Bool {
        (self.connection === connection && isOpen.withLock { $0 }) || outer?.isOpen(on: connection) ?? false
    }

    func end() { isOpen.withLock { $0 = false } }
}

extension PostgresConnection {
    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// ```swift
    /// try await connection.transaction(settings: ["statement_timeout": "30s"]) { connection in
    ///     try await connection.query("update account set amount = amount - \(sum) where id = \(from)")
    ///     try await connection.query("update account set amount = amount + \(sum) where id = \(to)")
    /// }
    /// ```
    ///
    /// Settings last as long as the transaction (`SET LOCAL`), so that they also reach a server behind a pooler that shares
    /// sessions. On a connection that is inside a transaction already, a savepoint takes the transaction's place.
    ///
    /// - Parameters:
    ///   - characteristics: What stands behind `BEGIN`, such as `isolation level serializable, read only`. Not inside
    ///     another transaction.
    ///   - settings: Names and values, for this transaction.
    ///   - body: Gets a connection that is good until it returns. Using the outer one meanwhile throws.
    /// - Cancellation: reaches `body`; a transaction that is cancelled before its `COMMIT` is rolled back.
    /// - Throws: What `body` throws; ``PostgresError``, of the kind `commitUnknown` if the connection broke while it
    ///   committed, and of the kind `usage` if `body` hid the failure of a statement, after which nothing can be committed.
    @discardableResult
    nonisolated(nonsending)
        public func transaction<Result>(
            _ characteristics: String = "", settings: [String: String] = [:],
            _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Result
        ) async throws -> Result
    {
        try await withTurn { link in
            let words =
                isInTransaction
                ? (
                    begin: "savepoint concerto", end: "release savepoint concerto",
                    undo: "rollback to savepoint concerto"
                )
                : (begin: "begin \(characteristics)", end: "commit", undo: "rollback")
            _ = try await link.query(PostgresQuery(unsafeSQL: words.begin))
            let inner = PostgresConnection(link: link, isInTransaction: true)
            let open = OpenTransaction(self, inside: Self.openTransaction)
            do {
                for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
                    _ = try await link.query("select set_config(\(name), \(value), true)")
                }
                let result = try await Self.$openTransaction.binding(open) { try await body(inner) }
                await inner.end(open)
                try Task.checkCancellation()
                guard link.library.functions.transactionStatus(link.raw) != TransactionStatus.inError.rawValue else {
                    throw PostgresError(
                        .usage,
                        "a statement of the transaction failed and its error was not passed on: nothing can be "
                            + "committed, and nothing was")
                }
                try await link.commit(words.end)
                return result
            } catch {
                await inner.end(open)
                await link.undo(words.undo)
                throw error
            }
        }
    }

    /// Waits for streams of a transaction's body that were left and are being brought to their end.
    nonisolated(nonsending)
        private func end(_ open: OpenTransaction) async
    {
        open.end()
        try? await withTaskCancellationShield { try await turn.withLock {} }
        turn.close()
    }
}

/// libpq's `PGTransactionStatusType`.
enum TransactionStatus: Int32 {
    case idle, active, inTransaction, inError, unknown
}

extension Link {
    nonisolated(nonsending)
        fileprivate func commit(_ sql: String) async throws
    {
        do {
            _ = try await query(PostgresQuery(unsafeSQL: sql))
        } catch let error as PostgresError where error.kind == .lost && sql == "commit" {
            var unknown = PostgresError(
                .commitUnknown,
                "the connection to \(place) broke between COMMIT and its answer: look whether the transaction was "
                    + "done before it is repeated", sqlState: error.sqlState)
            unknown.message = error.message
            throw unknown
        } catch is CancellationError {
            // The server was asked to cancel and did: nothing was committed. If the connection was given up instead, nobody knows.
            guard failure == nil || sql != "commit" else {
                throw PostgresError(
                    .commitUnknown,
                    "COMMIT on \(place) was cancelled and did not answer in time: look whether the transaction was "
                        + "done before it is repeated")
            }
            throw CancellationError()
        }
    }

    /// Takes back what was done, unless there is nothing left to be taken back.
    nonisolated(nonsending)
        fileprivate func undo(_ sql: String) async
    {
        let status = TransactionStatus(rawValue: library.functions.transactionStatus(raw))
        guard failure == nil, status == .inTransaction || status == .inError else { return }
        do {
            _ = try await withTaskCancellationShield { try await query(PostgresQuery(unsafeSQL: sql)) }
        } catch {
            giveUp(
                PostgresError(.lost, "a transaction on \(place) could not be rolled back; the connection was given up"))
        }
    }
}
#endif
