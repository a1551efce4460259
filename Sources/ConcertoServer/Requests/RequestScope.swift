#if Server
public import Concerto
import ConcertoResilience
import ConcertoRuntime
public import NIOCore

/// What a handler can know about the request it serves: whether somebody still waits for its answer, until when, and from
/// where it came.
///
/// A handler seldom asks: when nobody waits any more, its task is cancelled, and whatever it awaits ends. The scope tells
/// *why*, and it tells so before the cancellation.
///
/// - Allocates: one a connection (HTTP/1.1), stream (HTTP/2) and deadline; nothing a request.
public final class RequestScope: Sendable {
    /// Why a request is no longer wanted.
    public enum Reason: String, Sendable, Hashable, Codable {
        /// The client hung up, or reset its stream.
        case clientClosed
        /// The route's time, or the caller's, was up.
        case deadline
        /// The server ends, and the time that it had for it is over.
        case shutdown
        /// The client has stopped reading.
        case writeStalled
        /// The client sends its body too slowly.
        case bodyTooSlow
    }

    @TaskLocal package static var bound: RequestScope?
    private static let outside = RequestScope(peer: nil)

    /// The scope of the request that the current task serves. Outside of a request, and on a server that was not made by a
    /// ``ServerKit``, a scope that never ends.
    public static var current: RequestScope { bound ?? outside }

    let peer: Peer?
    private let deadline: TimerInstant
    private let clock: any TimerClock

    init(peer: Peer?, deadline: TimerInstant = .distantFuture, clock: any TimerClock = MonotonicClock()) {
        self.peer = peer
        self.deadline = deadline
        self.clock = clock
    }

    /// Why the request is no longer wanted; `nil` while it is.
    public var reason: Reason? {
        let loss = peer?.loss
        if deadline != .distantFuture, clock.now >= deadline, loss.map({ $0.instant >= deadline }) ?? true {
            return .deadline
        }
        return loss?.reason
    }

    /// What is left of the time in which the answer is wanted; `nil` without a deadline. `ConcertoHTTP` calls, pools, caches
    /// and limiters obey it by themselves.
    public var remaining: Duration? { ResilienceContext.current?.remaining }

    /// Is cancelled when the server begins to end, long before it gives up on requests: what streams without an end, ends
    /// then.
    public var drain: CancellationToken { peer?.life.drainToken ?? .none }

    /// From where the connection comes; a proxy, where there is one.
    public var remoteAddress: SocketAddress? { peer?.remoteAddress }
}
#endif
