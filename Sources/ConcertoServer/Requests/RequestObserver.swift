#if Server
import HTTPTypes

/// Is told of every request: when its head has come, and when its answer has been written or could not be.
///
/// Called in the task that serves the request, so what it does is the request's time: nothing that waits. It must not keep
/// anything by what clients choose: all values of a ``RequestMeasurement`` are of a bounded set.
public protocol RequestObserver: Sendable {
    /// A request's head has come; route, status and duration are not known yet.
    func began(_ request: RequestMeasurement)
    /// It has ended; once for each that began.
    func ended(_ request: RequestMeasurement)
}

/// What is measured of a request. No value of it is a client's own: no path, no query, no address.
public struct RequestMeasurement: Sendable, Hashable {
    /// The method; `_OTHER` for those that HTTP does not know.
    public var method: String
    /// `http` or `https`.
    public var scheme: String
    /// `1.1` or `2`.
    public var protocolVersion: String
    /// The template of the route, such as `/orders/{id}`; `nil` if none was met.
    public var route: String?
    /// The answer's status, 499 if the client had gone; `nil` if there was none.
    public var status: Int?
    /// Why it failed: a status of 500 or more, the `RequestScope.Reason` that ended it, or `aborted` for an answer that broke
    /// off; `nil` if it did not fail.
    public var errorType: String?
    /// From the head to the last byte that was handed to the socket; queues, handler and a streamed body included.
    public var duration = Duration.zero

    /// A request of which no more is known.
    public init(method: String, scheme: String, protocolVersion: String) {
        self.method = method
        self.scheme = scheme
        self.protocolVersion = protocolVersion
    }

    static func known(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch: method.rawValue
        default: "_OTHER"
        }
    }
}
#endif
