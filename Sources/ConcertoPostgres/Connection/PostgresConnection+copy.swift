#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime
public import ConcertoStreams

extension PostgresConnection {
    /// Loads rows by `COPY … FROM STDIN`: all of them or none.
    ///
    /// ```swift
    /// let count = try await connection.copyIn("copy input (n, line) from stdin") { copy in
    ///     for (n, line) in lines.enumerated() { try await copy.row(n, line) }
    /// }
    /// ```
    ///
    /// The server reports what is wrong with a row when everything has been sent.
    ///
    /// - Cancellation: nothing is loaded; the connection can be used again.
    /// - Allocates: a buffer of 64 KiB.
    /// - Returns: How many rows were loaded.
    /// - Throws: What `body` throws, and then nothing is loaded; ``PostgresError``; `CancellationError`.
    @discardableResult
    nonisolated(nonsending)
        public func copyIn(
            _ sql: PostgresQuery, _ body: nonisolated(nonsending) (PostgresCopyWriter) async throws -> Void
        ) async throws -> Int
    {
        try await withTurn { link in
            try Task.checkCancellation()
            return try await link.abortingOnError {
                try await link.begin(sql, .copyIn, "copyIn needs COPY … FROM STDIN")
                let writer = PostgresCopyWriter(link)
                try await body(writer)
                try await writer.flush()
                try Task.checkCancellation()
                while true {
                    let taken = link.library.functions.putCopyEnd(link.raw, nil)
                    guard taken >= 0 else { throw link.lost() }
                    try await link.flush()
                    if taken == 1 { break }
                }
                return try await link.finishCopy()
            }
        }
    }

    /// Hands out the lines of `COPY … TO STDOUT` as they arrive; with `FORMAT binary` its pieces.
    ///
    /// As with ``rows(_:)`` nothing is sent before the first `next`, and a loop that is left early cancels the statement.
    ///
    /// - Cancellation: cancels the statement and is awaited.
    /// - Allocates: an array a line.
    public func copyOut(_ sql: PostgresQuery) -> AsyncGenerator<[UInt8]> {
        AsyncGenerator { [self] yield in
            try await withTurn { link in
                try await link.abortingOnError {
                    try await link.begin(sql, .copyOut, "copyOut needs COPY … TO STDOUT")
                    while let line = try await link.copiedLine() { try await yield(line) }
                    _ = try await link.finishCopy()
                }
            }
        }
    }
}

extension Link {
    nonisolated(nonsending)
        fileprivate func begin(_ sql: PostgresQuery, _ wanted: ResultStatus, _ advice: String) async throws
    {
        try send(sql)
        try await flush()
        guard let result = try await nextResult() else { throw lost() }
        try check(result)
        guard result.status == wanted else { throw PostgresError(.usage, advice) }
    }

    /// Reads the answers at the end of a copy.
    ///
    /// - Returns: How many rows it moved.
    nonisolated(nonsending)
        fileprivate func finishCopy() async throws -> Int
    {
        var rows = 0
        while let result = try await nextResult() {
            try check(result)
            rows = result.affectedRows
        }
        return rows
    }

    /// The next line of a `COPY … TO STDOUT`, `nil` at its end.
    nonisolated(nonsending)
        fileprivate func copiedLine() async throws -> [UInt8]?
    {
        while true {
            var bytes: UnsafeMutablePointer<CChar>?
            let count = library.functions.getCopyData(raw, &bytes, 1)
            if let bytes {
                defer { library.functions.freemem(bytes) }
                return [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            }
            if count < 0 { return nil }
            try await receive()
        }
    }
}
#endif
