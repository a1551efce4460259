#if HTTP
/// Sends one attempt and gives back the complete answer. The seam under which tests put servers of their own.
public protocol HTTPTransport: Sendable {
    /// Sends `call` once.
    ///
    /// - Cancellation: abandons the attempt, closes its connection and throws `CancellationError`.
    /// - Throws: ``HTTPFailure``, or `CancellationError`.
    func send(_ call: HTTPCall) async throws -> HTTPReply
}
#endif
