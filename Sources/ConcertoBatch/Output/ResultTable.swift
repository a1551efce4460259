#if Batch
/// Results as rows of a table: the input's columns, if it has some, then what came of them.
struct ResultTable {
    private let separator: UInt8
    private let columns: [String]?
    /// Names of results' members, and of the columns that they become.
    private let members: [(key: String, column: String)]

    init(form: OutputForm, selections: [String], columns: [String]?) {
        separator = form == .tsv ? 0x09 : UInt8(ascii: ",")
        self.columns = columns
        var names = columns == nil ? ["id"] : []
        names += ["status"] + (selections.isEmpty ? ["body"] : selections) + ["error_kind", "error"]
        if columns == nil { names.append("metadata") }
        members = names.map { name in (name, columns?.contains(name) == true ? "result_" + name : name) }
    }

    var header: [UInt8] {
        var row: [UInt8] = []
        append((columns ?? []) + members.map(\.column), to: &row)
        return row
    }

    mutating func append(_ line: [UInt8], to table: inout [UInt8]) throws {
        let values = Dictionary(try Self.members(of: line).map { ($0.key, $0.value) }) { $1 }
        let error = try values["error"].map { $0.text == "null" ? [] : try Self.members(of: $0.bytes) } ?? []
        var cells: [String] = []
        if let columns {
            let own = values["metadata"].flatMap { try? Self.members(of: $0.bytes) } ?? []
            // In the order of the columns they are, unless the row was broken.
            cells += columns.indices.map { own.indices.contains($0) ? Self.cell(own[$0].value) : "" }
        }
        for (key, _) in members {
            switch key {
            case "error_kind": cells.append(Self.cell(error.first { $0.key == "kind" }?.value))
            case "error": cells.append(Self.cell(error.first { $0.key == "message" }?.value))
            default: cells.append(Self.cell(values[key]))
            }
        }
        append(cells, to: &table)
    }

    private func append(_ cells: [String], to table: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { table.append(separator) }
            table.appendCell(cell, separator: separator)
        }
        table.append(UInt8(ascii: "\n"))
    }

    /// Text as text, a list of plain values joined, anything else as JSON; nothing for `null`.
    private static func cell(_ value: JSONText?) -> String {
        guard let value, value.text != "null" else { return "" }
        if let text = value.stringValue { return text }
        guard value.bytes.first == UInt8(ascii: "[") else { return value.text }
        guard let items = try? elements(of: value), items.allSatisfy({ !"[{".utf8.contains($0.bytes[0]) })
        else { return value.text }
        return items.map { $0.stringValue ?? $0.text }.joined(separator: "; ")
    }

    private static func elements(of list: JSONText) throws -> [JSONText] {
        var items: [JSONText] = []
        try list.bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            guard scanner.consume(UInt8(ascii: "[")), scanner.peek() != UInt8(ascii: "]") else { return }
            repeat {
                items.append(JSONText(validated: list.bytes[try scanner.value()]))
            } while scanner.consume(UInt8(ascii: ","))
        }
        return items
    }

    static func members(of object: [UInt8]) throws -> [(key: String, value: JSONText)] {
        guard object.first == UInt8(ascii: "{") else { return [] }
        return try object.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return try scanner.members(of: object)
        }
    }
}

extension [UInt8] {
    /// Appends a cell of a table (RFC 4180), in quotes where it needs them.
    mutating func appendCell(_ cell: String, separator: UInt8) {
        let needsQuotes = cell.utf8.contains { $0 == separator || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
        guard needsQuotes else { return append(contentsOf: cell.utf8) }
        append(0x22)
        for byte in cell.utf8 {
            if byte == 0x22 { append(0x22) }
            append(byte)
        }
        append(0x22)
    }
}
#endif
