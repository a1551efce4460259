#if PostgreSQL
import CPQ

/// An answer of the server; its memory is libpq's.
final class ResultBox: @unchecked Sendable {  // libpq only reads a result once it has been handed out
    let raw: OpaquePointer
    let library: PostgresLibrary

    init(_ raw: OpaquePointer, _ library: PostgresLibrary) {
        self.raw = raw
        self.library = library
    }

    deinit { library.functions.clear(raw) }

    var status: ResultStatus { ResultStatus(rawValue: library.functions.resultStatus(raw)) ?? .fatalError }
    var rows: Int { Int(library.functions.ntuples(raw)) }
    /// How many rows the statement has changed, or given; 0 where that is nothing to count.
    var affectedRows: Int { text(library.functions.cmdTuples(raw)).flatMap { Int($0) } ?? 0 }
}

/// libpq's `ExecStatusType`.
enum ResultStatus: Int32 {
    case emptyQuery = 0
    case commandOK, tuplesOK, copyOut, copyIn, badResponse, nonFatalError, fatalError, copyBoth, singleTuple
    case pipelineSync, pipelineAborted
}

/// The names of a result's columns; shared by its rows.
final class ColumnNames: Sendable {
    let names: [String]
    private let indexes: [String: Int]

    init(_ result: ResultBox) {
        let count = result.library.functions.nfields(result.raw)
        names = (0..<count).map { text(result.library.functions.fname(result.raw, $0)) ?? "" }
        // Of two columns with one name the first counts.
        indexes = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func index(of name: String) -> Int? { indexes[name] }
}

/// One row of an answer.
///
/// ```swift
/// let name = try row["name", as: String.self]
/// let (id, score) = try row.values(as: Int.self, Double?.self)
/// ```
public struct PostgresRow: Sendable {
    let result: ResultBox
    let index: Int32
    let columnNames: ColumnNames

    /// The names of the columns, in order.
    public var columns: [String] { columnNames.names }

    /// The value of a column.
    ///
    /// - Throws: ``PostgresError`` of the kind `decoding` if there is no such column, it is `NULL` and the type no optional,
    ///   or it is no such value.
    public subscript<Value: PostgresDecodable>(column: String, as _: Value.Type = Value.self) -> Value {
        get throws(PostgresError) {
            guard let index = columnNames.index(of: column) else {
                throw PostgresError(
                    .decoding, "the answer has no column \"\(column)\", but \(columns.joined(separator: ", "))")
            }
            return try value(Int32(index), Value.self)
        }
    }

    /// The value of the column at `index`, from 0; see ``subscript(_:as:)-(String,_)``.
    public subscript<Value: PostgresDecodable>(index: Int, as _: Value.Type = Value.self) -> Value {
        get throws(PostgresError) {
            guard columns.indices.contains(index) else {
                throw PostgresError(.decoding, "the answer has \(columns.count) columns, and no column \(index)")
            }
            return try value(Int32(index), Value.self)
        }
    }

    /// The first columns, in order.
    ///
    /// - Throws: As ``subscript(_:as:)-(String,_)``.
    public func values<each Value: PostgresDecodable>(
        as type: repeat (each Value).Type
    ) throws(PostgresError) -> (repeat each Value) {
        var next = 0
        func take<T: PostgresDecodable>(_: T.Type) throws(PostgresError) -> T {
            defer { next += 1 }
            return try self[next, as: T.self]
        }
        return (repeat try take(each type))
    }

    private func value<Value: PostgresDecodable>(_ column: Int32, _: Value.Type) throws(PostgresError) -> Value {
        let functions = result.library.functions
        let value: Value?
        let isNull = functions.getisnull(result.raw, index, column) != 0
        if isNull {
            value = Value(postgresText: nil)
        } else {
            let count = Int(functions.getlength(result.raw, index, column))
            value = functions.getvalue(result.raw, index, column).withMemoryRebound(to: UInt8.self, capacity: count) {
                Value(postgresText: UnsafeBufferPointer(start: $0, count: count))
            }
        }
        guard let value else {
            let name = columns[Int(column)]
            throw PostgresError(
                .decoding,
                isNull
                    ? "column \"\(name)\" is NULL: read it as \(Value.self)?"
                    : "column \"\(name)\" holds no \(Value.self) (its type has the number "
                        + "\(functions.ftype(result.raw, column))): read it as another type, or as String")
        }
        return value
    }
}

/// The whole answer to a statement.
public struct PostgresResult: Sendable, RandomAccessCollection {
    let result: ResultBox
    let columnNames: ColumnNames

    init(_ result: ResultBox) {
        self.result = result
        columnNames = ColumnNames(result)
    }

    /// How many rows the statement inserted, changed, deleted or gave.
    public var affectedRows: Int { result.affectedRows }
    /// The names of the columns, in order.
    public var columns: [String] { columnNames.names }
    /// Zero.
    public var startIndex: Int { 0 }
    /// How many rows there are.
    public var endIndex: Int { result.rows }

    /// A row, from 0.
    public subscript(index: Int) -> PostgresRow {
        precondition(index >= 0 && index < endIndex, "there is no row \(index) of \(endIndex)")
        return PostgresRow(result: result, index: Int32(index), columnNames: columnNames)
    }
}
#endif
