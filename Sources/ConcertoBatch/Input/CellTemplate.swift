#if Batch
/// What makes calls of the rows of one table: a template whose placeholders know their columns.
final class CellTemplate: Sendable {
    /// What the text of a plain line is called.
    static let lineColumn = "line"
    /// The column that is the URL where nothing else is.
    private static let urlColumn = "url"

    let columns: [String]
    let call: CallTemplate
    /// The column of the id.
    private let id: Int?
    /// Columns that results show, each with its name as JSON writes it.
    private let shown: [(index: Int, name: [UInt8])]
    /// Columns that begin the URL, and may hold a password.
    private let addresses: Set<Int>
    /// Columns whose values no file may hold.
    let secretColumns: [Int]

    /// - Throws: ``BatchError`` if a placeholder, or the id's column, is none of the columns.
    init(_ shape: InputShape, columns: [String]) throws {
        self.columns = columns
        var template = shape.template
        let isList = columns == [Self.lineColumn]
        if template.url == nil {
            let column = isList ? Self.lineColumn : Self.urlColumn
            guard columns.contains(column) else {
                throw BatchError.configuration(
                    "no column is called 'url', and no --url says how to make one of the columns \(Self.list(columns)); "
                        + "such as --url 'https://example.com/{\(columns.first { !$0.isEmpty } ?? "1")}'")
            }
            template.url = "{\(column)}"
        }
        do throws(TemplateProblem) {
            var call = try CallTemplate(template, contentType: shape.contentType, hides: shape.hides)
            try call.bind(to: columns)
            self.call = call
        } catch {
            throw BatchError.configuration("\(error)")
        }
        id = try shape.idColumn.map { name in
            guard let index = columns.firstIndex(of: name) else {
                throw BatchError.configuration(
                    "\(TemplateText.unknown(name, of: "--id-column", among: columns))")
            }
            return index
        }
        let beginnings = call.addresses
        addresses = Set(columns.indices.filter { beginnings.contains(columns[$0]) })
        for name in shape.stepColumns.sorted() where !columns.contains(name) && name != "id" {
            throw BatchError.configuration(
                "\(TemplateText.unknown(name, of: "--then, --save or --form", among: columns))")
        }
        let secrets = call.secrets
        secretColumns = columns.indices.filter { secrets.contains(columns[$0]) || shape.hides(columns[$0]) }
        shown = columns.enumerated().filter { !$1.isEmpty && !secrets.contains($1) && !shape.hides($1) }.map {
            ($0, JSONText.string($1).bytes + [UInt8(ascii: ":")])
        }
    }

    private static func list(_ columns: [String]) -> String {
        columns.prefix(10).map { "'\(Visible.text($0))'" }.joined(separator: ", ") + (columns.count > 10 ? ", …" : "")
    }

    /// What is wrong with the row as such.
    func fault(_ cells: [String]) -> String? {
        if cells.count != columns.count {
            return "the row has \(ReportCount.cells(cells.count)), and there are \(columns.count) columns; "
                + "a cell with a delimiter in it needs quotes"
        }
        for cell in cells where !cell.utf8.allSatisfy({ $0 < 0x80 }) && cell.unicodeScalars.contains("\u{FFFD}") {
            return "the row is not UTF-8; iconv -f WINDOWS-1252 -t UTF-8 converts what most spreadsheets write"
        }
        return nil
    }

    /// The id that the row gives itself; `nil` if no column is for that.
    func id(_ cells: [String]) -> String? { id.map { cells[$0] } }

    /// The cells as an object, but those that are secret; `nil` if none is left.
    func metadata(_ cells: [String]) -> JSONText? {
        guard !shown.isEmpty else { return nil }
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (index, name) in shown {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: name)
            bytes.appendJSONString((addresses.contains(index) ? URLSecrets.masked(cells[index]) : cells[index]).utf8)
        }
        bytes.append(UInt8(ascii: "}"))
        return JSONText(compacted: bytes)
    }
}

/// Words for messages that stand below the reports.
enum ReportCount {
    static func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }
    static func cells(_ count: Int) -> String { count == 1 ? "1 cell" : "\(count) cells" }
}
#endif
