#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime
public import ConcertoStreams

extension PostgresConnection {
    /// Runs a statement and waits for its whole answer, which is in memory then; see ``rows(_:)`` for long ones.
    ///
    /// Without parameters the text may hold several statements, which are one transaction; the last one's answer counts.
    ///
    /// - Cancellation: see ``PostgresConnection``.
    /// - Throws: ``PostgresError`` of the kinds `statement`, `lost`, `closed`, `usage`; `CancellationError`.
    @discardableResult
    nonisolated(nonsending)
        public func query(_ query: PostgresQuery) async throws -> PostgresResult
    {
        try await withTurn { try await $0.query(query) }
    }

    /// Runs a statement and hands its rows out one by one, as they arrive: in constant memory, however many there are.
    ///
    /// ```swift
    /// for try await row in connection.rows("select id, line from input order by id") {
    ///     guard try await send(row["line", as: [UInt8].self]) else { break }
    /// }
    /// ```
    ///
    /// Nothing is sent before the first `next`; the connection is taken until the loop ends. A loop that is left early
    /// cancels the statement; until that is through, which may be after the loop, others wait for their turn.
    ///
    /// - Cancellation: cancels the statement and is awaited.
    /// - Allocates: an object a row, besides libpq's memory.
    public func rows(_ query: PostgresQuery) -> AsyncGenerator<PostgresRow> {
        AsyncGenerator { [self] yield in
            try await withTurn { link in
                try link.send(query)
                guard link.library.functions.setSingleRowMode(link.raw) == 1 else { throw link.lost() }
                try await link.abortingOnError {
                    try await link.flush()
                    var columns: ColumnNames?
                    while let result = try await link.nextResult() {
                        switch result.status {
                        case .singleTuple:
                            let names = columns ?? ColumnNames(result)
                            columns = names
                            try await yield(PostgresRow(result: result, index: 0, columnNames: names))
                        case .tuplesOK:
                            columns = nil
                        default:
                            try link.check(result)
                        }
                    }
                }
            }
        }
    }
}

extension Link {
    /// Runs a statement and returns its last answer.
    nonisolated(nonsending)
        func query(_ query: PostgresQuery) async throws -> PostgresResult
    {
        try Task.checkCancellation()
        try send(query)
        var last: ResultBox?
        do {
            try await flush()
            while let result = try await nextResult() {
                switch result.status {
                case .copyIn, .copyOut, .copyBoth:
                    throw PostgresError(.usage, "COPY has functions of its own: copyIn and copyOut")
                default:
                    last = result
                }
            }
        } catch is CancellationError {
            // The server may have been through with it: then that is what has happened.
            guard let result = await abort(), [.commandOK, .tuplesOK].contains(result.status) else {
                throw CancellationError()
            }
            last = result
        } catch let error {
            await abortUnlessLost()
            throw error
        }
        guard let last else { throw lost() }
        try check(last)
        return PostgresResult(last)
    }

    /// Throws the error that `result` is, if it is one.
    func check(_ result: ResultBox) throws(PostgresError) {
        switch result.status {
        case .emptyQuery, .commandOK, .tuplesOK, .singleTuple, .copyIn, .copyOut, .copyBoth, .nonFatalError,
            .pipelineSync:
            return
        case .badResponse, .fatalError, .pipelineAborted:
            // An answer that libpq itself has made: the connection broke.
            if library.functions.status(raw) != 0 { throw lost() }
            throw result.error(place)
        }
    }

    /// Runs `body`, and brings what it has begun to its end if it throws.
    nonisolated(nonsending)
        func abortingOnError<Value>(_ body: nonisolated(nonsending) () async throws -> Value) async throws -> Value
    {
        do {
            return try await body()
        } catch {
            await abortUnlessLost()
            throw error
        }
    }

    nonisolated(nonsending)
        func abortUnlessLost() async
    {
        if failure == nil { await abort() }
    }
}
#endif
