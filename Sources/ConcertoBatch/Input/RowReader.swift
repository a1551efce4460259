#if Batch
/// Reads the rows of an input, in whatever form it is written.
///
/// Not thread-safe; blocking.
struct RowReader: Sendable {
    private enum Text {
        case lines(LineReader)
        case table(TableReader)
        /// Lent to somebody else.
        case away
    }

    private var text: Text
    private let shape: InputShape
    /// What makes calls of plain lines; made when the first one comes.
    private var template: CellTemplate?

    init(_ input: InputFile, _ shape: InputShape = InputShape()) {
        self.shape = shape
        switch shape.form {
        case .auto, .ndjson: text = .lines(input.reader())
        case .lines: text = .lines(input.reader(judges: false))
        case .csv, .tsv: text = .table(TableReader(input.bytes(), name: input.name, shape))
        }
    }

    private init(away shape: InputShape) { (text, self.shape) = (.away, shape) }

    /// What stands in the place of a reader that is lent.
    var lent: RowReader { RowReader(away: shape) }

    /// The next row, or `nil` at the end. Blocks while the input has nothing.
    mutating func next() throws -> InputRecord? {
        while true {
            if let record = try buffered() { return record }
            if try !fill() { return try buffered() }
        }
    }

    /// The next row that has already been read, or `nil`. Lines without text are no rows.
    mutating func buffered() throws -> InputRecord? {
        switch text {
        case .away: return nil
        case .table(var table):
            text = .away
            defer { text = .table(table) }
            return try table.buffered()
        case .lines(var lines):
            text = .away
            defer { text = .lines(lines) }
            while let line = try lines.buffered() {
                guard line.contains(where: { !$0.isJSONWhitespace }) else { continue }
                guard shape.form == .lines || lines.holdsURLs else {
                    return InputRecord(content: .object(line), line: lines.lineNumber)
                }
                return try record(of: line, at: lines.lineNumber)
            }
            return nil
        }
    }

    /// Reads one chunk; `false` at the end of the input. Blocks while the input has nothing.
    mutating func fill() throws -> Bool {
        switch text {
        case .away: return false
        case .table(var table):
            text = .away
            defer { text = .table(table) }
            return try table.fill()
        case .lines(var lines):
            text = .away
            defer { text = .lines(lines) }
            return try lines.fill()
        }
    }

    private mutating func record(of line: ArraySlice<UInt8>, at number: Int) throws -> InputRecord {
        let template = try self.template ?? CellTemplate(shape, columns: [CellTemplate.lineColumn])
        self.template = template
        // White space around a line is nobody's text: a file that was made by hand is full of it.
        let text = String(decoding: line.trimmingJSONWhitespace(), as: UTF8.self)
        return InputRecord(content: .cells([text], template), line: number)
    }
}

extension ArraySlice<UInt8> {
    func trimmingJSONWhitespace() -> ArraySlice<UInt8> {
        var slice = drop(while: \.isJSONWhitespace)
        while slice.last?.isJSONWhitespace == true { slice.removeLast() }
        return slice
    }
}
#endif
