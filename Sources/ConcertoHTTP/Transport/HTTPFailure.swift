#if HTTP
/// Why a call got no complete answer.
public struct HTTPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, in the words that results and summaries use.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The host's name has no address.
        case dns
        /// No connection could be made.
        case connect
        /// The connection could not be secured.
        case tls
        /// The attempt took longer than it may.
        case timeout
        /// The connection ended before the answer did.
        case closed
        /// What came back was not HTTP.
        case protocolError = "protocol"
        /// A redirect that can't be followed.
        case redirect
        /// This machine has no more descriptors, ports or memory to make a connection with: nobody else is to blame.
        case local
        /// The call itself can't be sent.
        case invalid
    }

    /// What went wrong.
    public var kind: Kind
    /// Whether the server may have seen the request. `false` is certain: nothing of it was sent.
    public var mayHaveBeenSent: Bool
    /// Whether another attempt is bound to end in the same way: a name that does not exist, a certificate that is not
    /// trusted, a redirect in a circle. Such a call is not repeated.
    public var isLasting: Bool
    /// What happened, for people.
    public var description: String

    /// Creates a failure.
    ///
    /// - Parameters:
    ///   - kind: What went wrong.
    ///   - mayHaveBeenSent: Whether the server may have seen the request.
    ///   - isLasting: Whether another attempt is bound to end in the same way; a call that is invalid, or redirected to where
    ///     nobody can follow, always is.
    ///   - description: What happened, for people.
    public init(_ kind: Kind, mayHaveBeenSent: Bool, isLasting: Bool = false, _ description: String) {
        self.kind = kind
        self.mayHaveBeenSent = mayHaveBeenSent
        self.isLasting = isLasting || kind == .invalid || kind == .redirect
        self.description = description
    }

    /// The same failure of a request that certainly was not sent.
    func unsent() -> HTTPFailure {
        guard mayHaveBeenSent else { return self }
        var failure = self
        failure.mayHaveBeenSent = false
        if kind == .closed { failure.kind = .connect }
        return failure
    }
}
#endif
