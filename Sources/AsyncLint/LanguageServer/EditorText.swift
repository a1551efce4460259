#if Lint
/// A document's text with the positions an editor counts in: lines from 0, columns in UTF-16 units.
struct EditorText: Sendable {
    /// A position of the protocol.
    struct Position: Sendable, Hashable {
        let line: Int
        let column: Int
    }

    private(set) var bytes: [UInt8]
    private var lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lineStarts = Self.lineStarts(of: bytes)
    }

    /// Lines end at `\n`, `\r\n` and at a lone `\r`.
    private static func lineStarts(of bytes: [UInt8]) -> [Int] {
        var starts = [0]
        bytes.withUnsafeBufferPointer { buffer in
            for index in buffer.indices {
                switch buffer[index] {
                case 0x0A: starts.append(index + 1)
                case 0x0D where index + 1 == buffer.count || buffer[index + 1] != 0x0A: starts.append(index + 1)
                default: continue
                }
            }
        }
        return starts
    }

    /// Where a byte stands. An offset inside a character is taken for its beginning.
    func position(_ offset: Int) -> Position {
        let offset = min(max(offset, 0), bytes.count)
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        var column = 0
        var index = lineStarts[low]
        while index < offset {
            let width = Self.width(bytes[index])
            if index + width > offset { break }
            column += width == 4 ? 2 : 1
            index += width
        }
        return Position(line: low, column: column)
    }

    /// The byte a position means. A column behind the end of its line is the end, a line behind the last is the end of the text, and
    /// the middle of a surrogate pair is its beginning.
    func offset(_ position: Position) -> Int {
        guard position.line >= 0 else { return 0 }
        guard position.line < lineStarts.count else { return bytes.count }
        let end = self.end(ofLine: position.line)
        var index = lineStarts[position.line]
        var column = 0
        while index < end {
            let width = Self.width(bytes[index])
            let units = width == 4 ? 2 : 1
            if column + units > position.column { break }
            column += units
            index += width
        }
        return min(index, end)
    }

    /// The text of a line without its end.
    func line(_ number: Int) -> String {
        guard lineStarts.indices.contains(number) else { return "" }
        return String(decoding: bytes[lineStarts[number]..<end(ofLine: number)], as: UTF8.self)
    }

    mutating func replace(_ range: Range<Position>?, with text: String) {
        if let range {
            let start = offset(range.lowerBound)
            bytes.replaceSubrange(start..<max(start, offset(range.upperBound)), with: Array(text.utf8))
        } else {
            bytes = Array(text.utf8)
        }
        lineStarts = Self.lineStarts(of: bytes)
    }

    private func end(ofLine line: Int) -> Int {
        guard line + 1 < lineStarts.count else { return bytes.count }
        let start = lineStarts[line]
        var end = lineStarts[line + 1] - 1
        if end > start, bytes[end] == 0x0A, bytes[end - 1] == 0x0D { end -= 1 }
        return end
    }

    /// How many bytes the character has that begins with a byte.
    private static func width(_ byte: UInt8) -> Int {
        switch byte {
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0...: 4
        default: 1
        }
    }
}

extension EditorText.Position: Comparable {
    static func < (one: Self, other: Self) -> Bool { (one.line, one.column) < (other.line, other.column) }

    init?(_ value: JSONValue?) {
        guard let line = value?["line"]?.integer, let column = value?["character"]?.integer, line >= 0, column >= 0
        else { return nil }
        self.init(line: line, column: column)
    }

    var json: JSONValue { ["line": .integer(line), "character": .integer(column)] }
}
#endif
