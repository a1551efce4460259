#if HTTP
import NIOHTTP1

/// Learns what happens to one call, in the order in which it happens, from the task that makes it (but for hedges).
///
/// Where redirects are followed, the attempts of all hops count as those of the one call.
///
/// A caller that holds something scarce while a call is under way (a slot, a lease) gives it back in ``willWait()`` and
/// takes it again in ``didWait()``.
public protocol HTTPCallDelegate: Sendable {
    /// The call is about to wait: for its host's gate, its back-off or its host's retry budget.
    func willWait()

    /// The wait is over, or there was none; may suspend.
    func didWait() async

    /// Attempt `number`, from 1, is about to be sent; may suspend.
    ///
    /// - Throws: Anything, to abandon the call before it is sent.
    func willSend(attempt number: Int) async throws

    /// The attempt has ended; where it was hedged, both have, and this is the call's outcome.
    func didSend(_ result: AttemptResult)

    /// A second attempt is about to be sent while the first is under way (``ResilientHTTPClientOptions/hedge``). Called in
    /// that attempt's task, with ``didHedge()`` to follow before ``didSend(_:)``. Default: it may.
    ///
    /// - Returns: Whether it may.
    func willHedge() -> Bool

    /// The second attempt has ended.
    func didHedge()
}

extension HTTPCallDelegate {
    /// It may.
    public func willHedge() -> Bool { true }

    /// Changes nothing.
    public func didHedge() {}
}

/// How one attempt ended.
public enum AttemptResult: Sendable {
    /// With an answer; `mayRepeat` if the rule allows another attempt after it. After a redirect it never is: the call as a
    /// whole can't be begun anew.
    case answered(HTTPReply, mayRepeat: Bool)
    /// Without one.
    case failed(HTTPFailure, mayRepeat: Bool)
    /// The caller gave up.
    case cancelled

    /// Whether the answer is a redirect, so that an attempt that follows is no repetition.
    public var isRedirect: Bool {
        guard case .answered(let reply, mayRepeat: false) = self else { return false }
        return Redirects.statuses.contains(reply.status) && reply.headers.contains(name: "location")
    }

    /// What a repeated call is counted under: the status, or the kind of the failure.
    public var cause: String {
        switch self {
        case .answered(let reply, _): "\(reply.status)"
        case .failed(let failure, _): failure.kind.rawValue
        case .cancelled: "cancelled"
        }
    }
}
#endif
