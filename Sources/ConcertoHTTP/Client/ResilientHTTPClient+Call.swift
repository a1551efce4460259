#if HTTP
extension ResilientHTTPClient {
    /// Makes `call` until it has an answer that is not to be repeated.
    ///
    /// ```swift
    /// let client = try ResilientHTTPClient(transport: AsyncHTTPClientTransport())
    /// let reply = try await client.execute(HTTPCall(url: "https://api.example.com/users/42"))
    /// ```
    ///
    /// - Cancellation: ends every wait and the attempt under way with `CancellationError`.
    /// - Where it runs: on the caller's executor, but for what AsyncHTTPClient does on its event loops.
    /// - Throws: ``HTTPFailure`` if the last attempt got no answer, `CircuitOpenError` if the host's circuit is open and
    ///   calls do not wait for it, `TimeoutError` if nothing is left of the caller's time, `CancellationError`.
    /// - Returns: The last answer, whatever its status.
    public func execute(_ call: HTTPCall) async throws -> HTTPReply {
        try await execute(call, delegate: Unobserved())
    }
}

/// Whoever makes a call and does not want to know what becomes of it on the way.
struct Unobserved: HTTPCallDelegate {
    func willWait() {}
    func didWait() async {}
    func willSend(attempt number: Int) async throws {}
    func didSend(_ result: AttemptResult) {}
}
#endif
