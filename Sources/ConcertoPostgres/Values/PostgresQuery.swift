#if PostgreSQL
/// A statement with its parameters. What is interpolated becomes a parameter and never a part of the SQL:
///
/// ```swift
/// try await connection.query("select name from people where id = \(id) and city = \(city)")
/// ```
///
/// sends `select name from people where id = $1 and city = $2`.
public struct PostgresQuery: Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The SQL, with `$1` … for the parameters.
    public var sql: String
    /// The parameters, in order; 65,535 at most.
    public var parameters: [PostgresValue]

    /// Creates a statement from text that is not a literal. Never put foreign values into it: they are `parameters`.
    public init(unsafeSQL sql: String, _ parameters: [any PostgresEncodable] = []) {
        self.sql = sql
        self.parameters = parameters.map(\.postgresValue)
    }

    /// A statement without parameters.
    public init(stringLiteral value: String) {
        sql = value
        parameters = []
    }

    /// A statement whose interpolated values are its parameters.
    public init(stringInterpolation: Interpolation) {
        sql = stringInterpolation.sql
        parameters = stringInterpolation.parameters
    }

    /// The SQL alone: parameters may be secrets.
    public var description: String { sql }

    /// Collects the parts of a literal.
    public struct Interpolation: StringInterpolationProtocol {
        var sql = ""
        var parameters: [PostgresValue] = []

        /// Begins a literal.
        public init(literalCapacity: Int, interpolationCount: Int) {
            sql.reserveCapacity(literalCapacity + 3 * interpolationCount)
            parameters.reserveCapacity(interpolationCount)
        }

        /// A part of the SQL.
        public mutating func appendLiteral(_ literal: String) { sql += literal }

        /// A parameter.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            parameters.append(value.postgresValue)
            sql += "$\(parameters.count)"
        }

        /// A name of a table, a column, a schema, quoted.
        public mutating func appendInterpolation(identifier: String) { sql += Self.quoted(identifier) }

        /// A part of the SQL that is not a literal. Never foreign values.
        public mutating func appendInterpolation(unsafeSQL: String) { sql += unsafeSQL }

        static func quoted(_ identifier: String) -> String {
            var text = "\""
            for character in identifier.unicodeScalars where character != "\0" {
                if character == "\"" { text += "\"" }
                text.unicodeScalars.append(character)
            }
            return text + "\""
        }
    }
}
#endif
