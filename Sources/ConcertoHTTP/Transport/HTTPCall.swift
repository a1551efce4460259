#if HTTP
public import NIOCore
public import NIOHTTP1

/// One call to make: everything that goes on the wire, buffered, so that it can be sent again.
public struct HTTPCall: Sendable {
    /// The method, in upper case.
    public var method: String
    /// The absolute URL.
    public var url: String
    /// `host:port`: gates, budgets and limits are kept by it.
    public var host: String
    /// The headers, in order; names may repeat.
    public var headers: [(name: String, value: String)]
    /// The body, or `nil` for none.
    public var body: [UInt8]?
    /// How long one attempt may take, from the first byte sent to the last byte received; `nil` for the client's.
    public var timeout: Duration?

    /// What it counts as for ``CallLimits`` that count something else than calls.
    public var weight = 1
    /// Whose call it is, where ``CallLimits`` are kept for each key of an API; empty for nobody's.
    public var account = ""

    /// Creates a call.
    ///
    /// - Parameters:
    ///   - method: The method, in upper case.
    ///   - url: The absolute URL.
    ///   - host: `host:port`. Default: the URL's, or nothing if it is no absolute HTTP URL; such a call fails when it is sent.
    ///   - headers: The headers, in order.
    ///   - body: The body, or `nil` for none.
    ///   - timeout: How long one attempt may take; `nil` for the client's.
    public init(
        method: String = "GET", url: String, host: String? = nil, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, timeout: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.host = host ?? (try? HTTPAddress(url))?.host ?? ""
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    /// Whether a header of that name, in any case, is there.
    public func hasHeader(_ name: String) -> Bool {
        headers.contains { $0.name.lowercased() == name }
    }
}

/// A complete answer.
public struct HTTPReply: Sendable {
    /// The status code.
    public var status: Int
    /// The headers as they came.
    public var headers: HTTPHeaders
    /// The body, at most as long as was asked for.
    public var body: ByteBuffer
    /// Whether the body was longer than was asked for, and has been cut.
    public var isTruncated: Bool
    /// Where it came from, if the call was sent elsewhere by redirects; `nil` for the call's own URL.
    public var redirectedURL: String?

    /// Creates an answer.
    public init(status: Int, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer(), isTruncated: Bool = false) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isTruncated = isTruncated
    }
}
#endif
