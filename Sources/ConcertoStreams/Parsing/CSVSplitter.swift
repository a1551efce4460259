/// How a CSV text is written.
public struct CSVDialect: Sendable, Hashable {
    /// What is between two fields.
    public var separator: UInt8 = UInt8(ascii: ",")
    /// What is around a field that holds separators, quotes or line breaks; doubled it stands for itself.
    public var quote: UInt8 = UInt8(ascii: "\"")
    /// How many bytes a field may have: a quote that nobody closes would otherwise take everything after it.
    public var fieldLimit = 16 << 20
    /// How many fields a row has to have; `nil` takes any number.
    public var columns: Int?
    /// What happens to a row of another width.
    public var wrongWidth = WrongWidth.fail

    /// What happens to a row that has not as many fields as it should.
    public enum WrongWidth: Sendable, Hashable {
        /// The stream fails with ``CSVError``.
        case fail
        /// Empty fields are added, and what is too much is dropped.
        case adjust
        /// The row comes as it is.
        case keep
    }

    /// Creates the dialect of RFC 4180.
    public init(separator: UInt8 = UInt8(ascii: ","), columns: Int? = nil, wrongWidth: WrongWidth = .fail) {
        self.separator = separator
        self.columns = columns
        self.wrongWidth = wrongWidth
    }
}

/// A CSV text that cannot be read.
public struct CSVError: Error, Hashable, CustomStringConvertible {
    /// The line at which the row, or the open quote, begins, from 1.
    public let line: Int
    /// What is wrong.
    public let problem: String

    /// Creates an error.
    public init(line: Int, problem: String) {
        self.line = line
        self.problem = problem
    }

    /// What happened.
    public var description: String { "line \(line) of the CSV text \(problem)" }
}

/// Cuts CSV (RFC 4180) into rows as the bytes come, in memory of one row.
///
/// Rows end with LF, CR LF or CR. Empty lines are no rows. Where the pieces are cut does not matter.
public struct CSVSplitter: Sendable {
    private enum Place: Sendable {
        case fieldStart
        case plain
        case quoted
        /// After a quote inside of quotes: the end of the field, or half of a doubled one.
        case quoteInQuoted
    }

    private let dialect: CSVDialect
    private var place = Place.fieldStart
    private var field: [UInt8] = []
    private var row: [String] = []
    private var line = 1
    private var rowLine = 1
    private var quoteLine = 1
    private var skipsLineFeed = false
    /// Whether a quote has begun a field of this row: a row may be one empty field, an empty line may not.
    private var isQuoted = false
    private var offset = 0

    /// Creates a splitter.
    public init(_ dialect: CSVDialect = CSVDialect()) { self.dialect = dialect }

    /// Takes in what comes next and calls `body` with every row that is complete now.
    ///
    /// - Throws: ``CSVError``; what `body` throws.
    public mutating func append(_ bytes: some Sequence<UInt8>, _ body: ([String]) throws -> Void) throws {
        try appendNumbered(bytes) { row, _ in try body(row) }
    }

    /// Takes in what comes next and calls `body` with every row that is complete now and the line at which it begins, from 1.
    ///
    /// - Throws: ``CSVError``; what `body` throws.
    public mutating func appendNumbered(
        _ bytes: some Sequence<UInt8>, _ body: ([String], Int) throws -> Void
    ) throws {
        for byte in bytes {
            defer { offset += 1 }
            if offset < 3, byte == [0xEF, 0xBB, 0xBF][offset], row.isEmpty, field.isEmpty { continue }
            if skipsLineFeed {
                skipsLineFeed = false
                if byte == 0x0A { continue }
            }
            let line = rowLine
            if try take(byte), let row = try endRow() { try body(row, line) }
        }
    }

    /// Says that nothing more comes, as ``finish()`` does.
    ///
    /// - Returns: The last row and its line, if nothing had ended it.
    /// - Throws: ``CSVError`` if a quote is open.
    public mutating func finishNumbered() throws -> (row: [String], line: Int)? {
        let line = rowLine
        return try finish().map { ($0, line) }
    }

    /// Says that nothing more comes.
    ///
    /// - Returns: The last row, if nothing had ended it.
    /// - Throws: ``CSVError`` if a quote is open.
    public mutating func finish() throws -> [String]? {
        if place == .quoted { throw CSVError(line: quoteLine, problem: "has a quote that nothing closes") }
        return try endRow()
    }

    /// - Returns: Whether the row ends here.
    private mutating func take(_ byte: UInt8) throws -> Bool {
        switch place {
        case .quoted:
            if byte == dialect.quote {
                place = .quoteInQuoted
            } else {
                if byte == 0x0A { line += 1 }
                try add(byte)
            }
            return false
        case .quoteInQuoted:
            if byte == dialect.quote {
                try add(byte)
                place = .quoted
                return false
            }
            guard byte == dialect.separator || byte == 0x0A || byte == 0x0D else {
                throw CSVError(line: line, problem: "has something between a closing quote and the next separator")
            }
            place = .plain
        case .fieldStart:
            if byte == dialect.quote {
                place = .quoted
                isQuoted = true
                quoteLine = line
                return false
            }
            place = .plain
        case .plain: break
        }
        switch byte {
        case dialect.separator:
            try endField()
            return false
        case 0x0A, 0x0D:
            skipsLineFeed = byte == 0x0D
            line += 1
            return true
        default:
            try add(byte)
            return false
        }
    }

    /// More than any table's columns.
    private static let mostFields = 65_536

    private mutating func add(_ byte: UInt8) throws {
        guard field.count < dialect.fieldLimit else {
            throw CSVError(
                line: place == .quoted ? quoteLine : line,
                problem: "has a field of more than \(dialect.fieldLimit) bytes; is a quote not closed?")
        }
        field.append(byte)
    }

    private mutating func endField() throws {
        // A line of separators alone would cost many times its length.
        guard row.count < Self.mostFields else {
            throw CSVError(line: rowLine, problem: "has more than \(Self.mostFields) fields")
        }
        row.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
        place = .fieldStart
    }

    private mutating func endRow() throws -> [String]? {
        defer { rowLine = line }
        // Nothing at all in this line, not even an empty field in quotes.
        defer { isQuoted = false }
        if row.isEmpty, field.isEmpty, !isQuoted {
            place = .fieldStart
            return nil
        }
        try endField()
        var complete = row
        row = []
        guard let columns = dialect.columns, complete.count != columns else { return complete }
        switch dialect.wrongWidth {
        case .keep: return complete
        case .fail:
            throw CSVError(line: rowLine, problem: "has \(complete.count) fields and should have \(columns)")
        case .adjust:
            if complete.count > columns { complete.removeLast(complete.count - columns) }
            while complete.count < columns { complete.append("") }
            return complete
        }
    }
}
