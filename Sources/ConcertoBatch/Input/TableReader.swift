#if Batch
import ConcertoStreams

/// Reads a table (CSV, TSV): the rows of one chunk and an unfinished one are all it holds.
///
/// Cells are text, and nothing is guessed: a header that seems to hold another delimiter is an error that names it.
struct TableReader: Sendable {
    /// What tables are written with besides commas.
    private static let delimiters: [(byte: UInt8, shown: String)] = [
        (UInt8(ascii: ","), "','"), (UInt8(ascii: ";"), "';'"), (0x09, "tab"), (UInt8(ascii: "|"), "'|'"),
    ]
    /// A first line that tells the delimiter: what spreadsheets write for each other.
    private static let declaration = Array("sep=".utf8)

    private let source: ByteSource
    private let name: String
    private let shape: InputShape
    /// What has come before the first line was whole.
    private var head: [UInt8]? = []
    private var splitter: CSVSplitter
    private var delimiter: UInt8
    /// Lines that were taken away before the splitter saw any.
    private var declared = 0
    private var rows: [(cells: [String], line: Int)] = []
    private var next = 0
    private var isAtEnd = false
    private var template: CellTemplate?

    init(_ source: ByteSource, name: String, _ shape: InputShape) {
        (self.source, self.name, self.shape) = (source, name, shape)
        delimiter = shape.delimiter ?? (shape.form == .tsv ? 0x09 : UInt8(ascii: ","))
        splitter = CSVSplitter()
    }

    mutating func buffered() throws -> InputRecord? {
        while next < rows.count {
            let (cells, line) = rows[next]
            next += 1
            guard let template else {
                template = try header(cells)
                if shape.hasHeader { continue }
                return InputRecord(content: .cells(cells, template!), line: line)
            }
            return InputRecord(content: .cells(cells, template), line: line)
        }
        return nil
    }

    mutating func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        rows.removeAll(keepingCapacity: true)
        next = 0
        var piece: [UInt8] = []
        let more = try source.read { piece.append(contentsOf: $0) }
        isAtEnd = !more
        do {
            if let head {
                piece = head + piece
                self.head = piece
                guard isAtEnd || piece.contains(0x0A) || piece.count >= ByteSource.chunkSize / 4 else { return true }
                self.head = nil
                piece.removeFirst(try begin(piece))
            }
            let declared = declared
            try splitter.appendNumbered(piece) { rows.append(($0, $1 + declared)) }
            if isAtEnd, let last = try splitter.finishNumbered() { rows.append((last.row, last.line + declared)) }
        } catch let error as CSVError {
            throw BatchError.configuration(
                "line \(error.line + declared) of \(name) \(error.problem); mend it there, "
                    + "or name what is between the cells with --delimiter")
        }
        return more
    }

    /// Looks at the first line.
    ///
    /// - Returns: Bytes that belong to no row.
    private mutating func begin(_ head: [UInt8]) throws -> Int {
        if let what = InputFormat.foreign(head[...]) { throw BatchError.configuration("\(name) \(what)") }
        let mark = head.starts(with: InputFormat.byteOrderMark) ? InputFormat.byteOrderMark.count : 0
        var skipped = mark
        let line = head[mark...].prefix { $0 != 0x0A && $0 != 0x0D }
        if shape.delimiter == nil, line.count == 5, line.starts(with: Self.declaration), let byte = line.last {
            delimiter = byte
            declared = 1
            skipped += line.count
            if skipped < head.count, head[skipped] == 0x0D { skipped += 1 }
            if skipped < head.count, head[skipped] == 0x0A { skipped += 1 }
        }
        var dialect = CSVDialect(separator: delimiter, wrongWidth: .keep)
        dialect.fieldLimit = LineReader.maximumLineLength
        splitter = CSVSplitter(dialect)
        return skipped
    }

    /// The columns, by the first row.
    private func header(_ cells: [String]) throws -> CellTemplate {
        guard shape.hasHeader else { return try CellTemplate(shape, columns: (1...cells.count).map(String.init)) }
        if shape.delimiter == nil, cells.count == 1 {
            for (byte, shown) in Self.delimiters where byte != delimiter && cells[0].utf8.contains(byte) {
                let option = byte == 0x09 ? "--delimiter tab" : "--delimiter '\(Character(Unicode.Scalar(byte)))'"
                let own = Self.delimiters.first { $0.byte == delimiter }?.shown ?? "delimiter"
                throw BatchError.configuration(
                    "the header of \(name) has no \(own), but \(shown): read it with \(option)")
            }
        }
        // Spaces around a name are not a part of it; a column without a name can't be spoken of.
        let names = cells.map { String($0.trimmingSpaces()) }
        for (index, name) in names.enumerated() where !name.isEmpty && names[..<index].contains(name) {
            throw BatchError.configuration(
                "two columns of \(self.name) are called '\(Visible.text(name))'; rename one, or number them all with "
                    + "--no-header")
        }
        return try CellTemplate(shape, columns: names)
    }
}

extension StringProtocol {
    fileprivate func trimmingSpaces() -> SubSequence {
        var text = self[...]
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return text
    }
}
#endif
