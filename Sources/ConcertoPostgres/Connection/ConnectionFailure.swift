#if PostgreSQL
import CPQ

/// Makes errors of what libpq says.
enum ConnectionFailure {
    /// The error of a connection that could not be made.
    ///
    /// libpq keeps the server's SQLSTATE of a failed attempt to itself, so its words decide, as far as they are known; a
    /// server that speaks another language counts as one that may let us in later.
    static func error(_ message: String, place: String) -> PostgresError {
        let words = words(message)
        let known = refusals.first { words.contains($0.words) }
        let state = known.flatMap(\.sqlState)
        let isPassing = known.map { $0.sqlState.map(PostgresError.isOutage) ?? false } ?? true
        let advice = known.flatMap { $0.advice ?? $0.sqlState.flatMap(PostgresError.advice) }
        var error = PostgresError(
            isPassing ? .unreachable : .refused,
            "can't connect to \(place): \(words)\(advice.map { "; \($0)" } ?? "")", sqlState: state)
        error.message = words
        return error
    }

    private struct Refusal {
        var words: String
        var sqlState: String?
        var advice: String?
    }

    /// What servers, poolers and libpq itself say; without a state where libpq has refused.
    private static let refusals = [
        Refusal(words: "password authentication failed", sqlState: "28P01"),
        Refusal(words: "no password supplied", sqlState: "28P01"),
        Refusal(words: "no pg_hba.conf entry", sqlState: "28000"),
        Refusal(words: "authentication failed", sqlState: "28000"),
        Refusal(words: "no such user", sqlState: "28000"),
        Refusal(words: "too many clients", sqlState: "53300"),
        Refusal(words: "remaining connection slots", sqlState: "53300"),
        Refusal(words: "too many connections", sqlState: "53300"),
        Refusal(words: "is starting up", sqlState: "57P03"),
        Refusal(words: "is shutting down", sqlState: "57P03"),
        Refusal(words: "in recovery mode", sqlState: "57P03"),
        Refusal(words: "permission denied for database", sqlState: "42501"),
        Refusal(words: "no such database", sqlState: "3D000"),
        // The role first: the message of a missing database holds no role.
        Refusal(words: "FATAL:  role ", sqlState: "28000"),
        Refusal(words: "FATAL:  database ", sqlState: "3D000"),
        Refusal(words: "server does not support SSL", advice: "name another sslmode, or let the server have TLS"),
        Refusal(words: "certificate verify failed", advice: "name the authority's file in sslrootcert"),
        Refusal(words: "root certificate file", advice: "name the authority's file in sslrootcert"),
        Refusal(words: "does not match host name", advice: "connect by the name in the server's certificate"),
        Refusal(words: "definition of service", advice: "add it to ~/.pg_service.conf, or set PGSERVICEFILE"),
    ]

    /// libpq's message on one line.
    static func words(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline)
            .map { String($0.drop { $0 == "\t" || $0 == " " }) }
            .joined(separator: "; ")
    }

    /// Why a connection string can't be read, without what stands in it: a misplaced password, perhaps.
    static func parseError(_ message: String) -> PostgresError {
        var words = words(message)
        if !words.hasPrefix("invalid connection option"), !words.hasPrefix("invalid URI query parameter") {
            words = words.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .map { $0.offset % 2 == 0 ? String($0.element) : "…" }.joined(separator: "\"")
        }
        return PostgresError(
            .configuration,
            "the connection string can't be read: \(words); write postgres://user@host/database or "
                + "\"host=… dbname=…\"")
    }
}

extension ResultBox {
    /// The error that this answer is.
    func error(_ place: String) -> PostgresError {
        let functions = library.functions
        // The fields' numbers are letters: what libpq calls PG_DIAG_….
        func field(_ letter: Character) -> String? {
            text(functions.resultErrorField(raw, Int32(letter.asciiValue!)))
        }
        let state = field("C")
        let message =
            field("M") ?? ConnectionFailure.words(text(functions.resultErrorMessage(raw)) ?? "no reason given")
        var words = "PostgreSQL refused a statement: \(message)"
        if let state { words += " (\(state))" }
        if let detail = field("D") { words += "; \(detail)" }
        if let hint = field("H") { words += "; \(hint)" }
        if let advice = state.flatMap(PostgresError.advice) { words += "; \(advice)" }
        var error = PostgresError(.statement, words, sqlState: state)
        error.message = message
        error.detail = field("D")
        error.hint = field("H")
        error.constraint = field("n")
        error.position = field("P").flatMap { Int($0) }
        return error
    }
}
#endif
