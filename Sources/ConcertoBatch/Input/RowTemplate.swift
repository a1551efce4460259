#if Batch
/// What makes a call of a row that does not describe one itself: texts in which `{name}` stands for a column.
///
/// A value is encoded by the place where it stands: a segment of a path, a value of a query, a string or a value of a JSON
/// body, a field of a form. `{name:number}`, `{name:json}` and `{name:raw}` say otherwise, `{{` is a brace, and `{name?}` leaves
/// out the pair of a query, or the header, whose cell is empty.
public struct RowTemplate: Sendable {
    /// The URL; `nil` for the column `url`, or the line itself.
    public var url: String?
    /// The method; `nil` for GET, or POST if there is a body.
    public var method: String?
    /// The body.
    public var body: String?
    /// The headers that hold placeholders.
    public var headers: [(name: String, value: String)] = []
    /// What `{env:NAME}` stands for in a template: the command line may name what rows may not.
    public var environment: [String: String] = [:]
    /// What `{server}` stands for.
    public var server: String?

    /// Creates a template that adds nothing.
    public init() {}

    /// Whether a row of an input without columns is changed by it.
    var isEmpty: Bool { url == nil && method == nil && body == nil && headers.isEmpty }
}

/// Why a template makes no sense, or a row does not fit it.
struct TemplateProblem: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
#endif
