#if Batch
import ConcertoHTTP

/// How an input is written.
public enum InputForm: String, Sendable, CaseIterable {
    /// Objects (NDJSON) or a list of URLs, by what stands there; tables by the file's name.
    case auto
    /// JSON objects, one a line.
    case ndjson
    /// A table with commas.
    case csv
    /// A table with tabs.
    case tsv
    /// A text a line, which templates know as `line`.
    case lines
}

/// How an input is read: its form, and what makes calls of its rows.
struct InputShape: Sendable {
    var form = InputForm.auto
    /// What is between two cells; `nil` for the form's own.
    var delimiter: UInt8?
    /// Whether the first row of a table names the columns.
    var hasHeader = true
    /// The column that names rows; `nil` for their numbers.
    var idColumn: String?
    var template = RowTemplate()
    /// What a header of every call says that bodies are.
    var contentType: String?
    /// Names of secret headers, in lower case, besides those that look secret.
    var secretHeaders: Set<String> = []
    /// Columns that further steps need.
    var stepColumns: Set<String> = []

    /// - Parameter path: The input's path, whose end may tell the form.
    init(_ options: BatchOptions) {
        form = options.inputForm == .auto ? Self.form(named: options.input) : options.inputForm
        delimiter = options.delimiter
        hasHeader = options.hasHeader
        idColumn = options.idColumn
        template = options.template
        template.server = template.server ?? options.substitution.server
        contentType = options.headers.first { $0.name.lowercased() == "content-type" }?.value
        secretHeaders = options.secretHeaders
        stepColumns = options.laterColumns
    }

    init() {}

    /// Whether what stands under this name, of a header or a column, is shown nowhere.
    func hides(_ name: String) -> Bool { HeaderRules.isSecret(name) || secretHeaders.contains(name.lowercased()) }

    /// What makes calls of rows that are objects; `nil` where they make them themselves.
    func objectTemplate() throws(TemplateProblem) -> CallTemplate? {
        template.isEmpty ? nil : try CallTemplate(template, contentType: contentType, hides: hides)
    }

    /// What of it makes no sense together, a sentence each.
    var problems: [String] {
        var problems: [String] = []
        let isTable = form == .csv || form == .tsv
        if !isTable {
            let options = [
                (delimiter != nil, "--delimiter"), (!hasHeader, "--no-header"), (idColumn != nil, "--id-column"),
            ]
            for (_, option) in options.filter(\.0) {
                problems.append(
                    "\(option) belongs to tables: the input's name must end in .csv or .tsv, or --input-format csv say so"
                )
            }
        }
        if delimiter == UInt8(ascii: "\"") || delimiter == 0x0A || delimiter == 0x0D {
            problems.append("the delimiter must be neither a quote nor a line break")
        }
        do throws(TemplateProblem) { _ = try objectTemplate() } catch { problems.append("\(error)") }
        return problems
    }

    /// What a file's name says; `.gz` behind it says nothing.
    static func form(named path: String?) -> InputForm {
        var name = (path ?? "").lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        if name.hasSuffix(".csv") { return .csv }
        return name.hasSuffix(".tsv") || name.hasSuffix(".tab") ? .tsv : .auto
    }
}
#endif
