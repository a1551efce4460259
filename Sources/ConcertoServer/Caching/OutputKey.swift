#if Server
import HTTPTypes
import Hummingbird
import NIOCore

/// By what answers are told apart: everything that the handler sees of a request.
struct OutputKey: Hashable, Sendable, CustomStringConvertible {
    let scheme: String?
    let authority: String?
    /// Path and query as they came.
    let target: String
    /// The values of the headers by which answers differ; `nil` for one that is not there.
    let varied: [String?]

    /// By what else answers differ, told by who caches.
    let part: String

    var path: String { Self.path(of: target) }

    /// A path as routers see it, who make nothing of slashes that follow one another or end it.
    static func path(of target: String) -> String {
        "/" + target.prefix { $0 != "?" }.split(separator: "/").joined(separator: "/")
    }

    /// What names of tasks and texts of errors hold of it: queries and headers are nobody else's business.
    var description: String { path }

    /// What it weighs, in bytes: once where it is, and once more where it is remembered that it has been asked for.
    var weight: Int {
        let texts = [scheme, authority, target, part] + varied
        return 2 * texts.reduce(128) { $0 + ($1?.utf8.count ?? 0) }
    }

    /// The key of `request`; `nil` if it must not be answered with what others get.
    init?(_ request: Request, part: String = "", vary: [HTTPField.Name], ignoresCookies: Bool) {
        guard request.method == .get || request.method == .head, let target = request.head.path else { return nil }
        let headers = request.headers
        guard !headers.contains(.authorization), ignoresCookies || !headers.contains(.cookie) else { return nil }
        // A part of an answer is not the answer.
        guard !headers.contains(.range) else { return nil }
        let wishes = headers[values: .cacheControl].flatMap { CacheDirectives($0).names }
        guard !wishes.contains("no-store") else { return nil }
        scheme = request.head.scheme
        authority = request.head.authority
        self.target = target
        self.part = part
        varied = vary.map { headers.contains($0) ? headers[values: $0].joined(separator: ",") : nil }
    }

    /// The request as the handler sees it.
    func request(vary: [HTTPField.Name]) -> Request {
        var head = HTTPRequest(method: .get, scheme: scheme, authority: authority, path: target)
        for (name, value) in zip(vary, varied) { head.headerFields[name] = value }
        return Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }
}

/// What `Cache-Control` says.
struct CacheDirectives {
    /// Without values, in lower case.
    private(set) var names: Set<String> = []
    /// The shortest time that an answer says it is good for in shared caches, in seconds.
    private(set) var maxAge: Int64?

    init(_ text: String) {
        var ages: [String: Int64] = [:]
        for part in text.split(separator: ",") {
            let pieces = part.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace && $0 != "\"" } }
            guard let name = pieces.first?.lowercased(), !name.isEmpty else { continue }
            names.insert(name)
            guard pieces.count == 2, name == "max-age" || name == "s-maxage" else { continue }
            // What makes no sense is over at once.
            ages[name] = min(ages[name] ?? .max, Int64(pieces[1]).map { max(0, $0) } ?? 0)
        }
        maxAge = ages["s-maxage"] ?? ages["max-age"]
    }
}
#endif
