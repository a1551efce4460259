#if HTTP
/// A server that was asked for events answered with something else; asking again would not help.
public enum EventSourceError: Error, Hashable, CustomStringConvertible {
    /// With a status that is neither 200 nor 204, nor one that says "later, perhaps".
    case status(Int, url: String)
    /// With a content that is no `text/event-stream`; `nil` if it did not say which.
    case contentType(String?, url: String)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .status(let status, let url):
            "\(url) answered with status \(status) instead of events: is it the right address, and may you read it?"
        case .contentType(let type, let url):
            "\(url) answered with \(type.map { "content of type '\($0.prefix(100))'" } ?? "content of no type")"
                + " instead of text/event-stream: is it the right address?"
        }
    }
}

/// A server said "later, perhaps".
struct EventSourceBusy: Error, CustomStringConvertible {
    let status: Int
    let url: String

    var description: String { "\(url) answered with status \(status)" }
}
#endif
