#if HTTP
public import NIOHTTP1

/// Sends one attempt and gives back the answer when its head is there, to read its body as it comes. The seam under which
/// tests put servers of their own.
public protocol HTTPStreamTransport: Sendable {
    /// Sends `call` once.
    ///
    /// - Cancellation: abandons the attempt, closes its connection and throws `CancellationError`.
    /// - Throws: ``HTTPFailure`` if no head came, or `CancellationError`.
    func open(_ call: HTTPCall) async throws -> HTTPStreamReply
}

/// An answer whose body is still coming.
///
/// Whoever drops it, or leaves the loop over its body, closes the connection; only a body that is read to its end leaves one
/// that can be used again.
public struct HTTPStreamReply: Sendable {
    /// The status code.
    public var status: Int
    /// The headers as they came.
    public var headers: HTTPHeaders
    /// The body, to be read once.
    public var body: HTTPBody

    /// Creates an answer.
    public init(status: Int, headers: HTTPHeaders = [:], body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
#endif
