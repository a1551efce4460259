#if Batch
/// How an answer tells where the next one stands, for a row whose answer comes in pages.
public struct Paging: Sendable {
    /// Where the next page is told.
    public enum Next: Sendable {
        /// A URL, absolute or relative, at a place in the body; `null`, nothing and an empty string end it.
        case url(JSONPath)
        /// A value in the body that becomes a parameter of the query.
        case parameter(name: String, JSONPath)
        /// A `Link` header with `rel="next"` (RFC 8288).
        case link
        /// A number in the query that grows by as much with each page, until a page holds no items.
        case offset(name: String, step: Int)
    }

    /// Where the next page is told.
    public var next: Next
    /// Pages of a row, at most.
    public var maximum = 1_000
    /// Where in a page its items stand: they are put together; `nil` to put the pages themselves together.
    public var items: JSONPath?

    /// Creates a rule.
    public init(_ next: Next) { self.next = next }

    /// Reads what `--next` says: `.path` of a URL, or `name=.path` of a parameter's value.
    ///
    /// - Throws: ``JSONPath/Problem``.
    public static func next(_ text: String) throws(JSONPath.Problem) -> Next {
        if text.first == "." || text.first == "[" { return .url(try JSONPath(text)) }
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw JSONPath.Problem(
                description:
                    "'\(Visible.text(text))' tells no next page; .paging.next is a URL, cursor=.meta.cursor a parameter"
            )
        }
        return .parameter(name: String(text[..<equals]), try JSONPath(String(text[text.index(after: equals)...])))
    }

    /// Reads what `--next-offset` says: `offset=100`.
    public static func offset(_ text: String) -> Next? {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let step = Int(parts[1]), (1...1_000_000_000).contains(step) else { return nil }
        return .offset(name: String(parts[0]), step: step)
    }

    /// What makes no sense, a sentence each.
    var problems: [String] {
        var problems: [String] = []
        if !(1...1_000_000).contains(maximum) { problems.append("max-pages must be 1 to 1,000,000, not \(maximum)") }
        if case .offset = next, items == nil {
            problems.append("next-offset needs --join: an empty list there is what ends the pages")
        }
        return problems
    }

    /// What pages a row has, as far as a later run must agree on it.
    var identity: String {
        let end = items.map { " joined by \($0.source)" } ?? ""
        return switch next {
        case .url(let path): "by \(path.source)" + end
        case .parameter(let name, let path): "by \(name)=\(path.source)" + end
        case .link: "by link" + end
        case .offset(let name, let step): "by \(name) + \(step)" + end
        }
    }
}
#endif
