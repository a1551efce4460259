#if HTTP
import Concerto
import NIOCore

/// What becomes of one attempt on its connection: the guard there knows, and the transport that waits for the answer wants
/// to know.
final class AttemptTicket: Sendable {
    /// The header that leads the guard to the ticket; it never goes on the wire.
    static let header = "concerto-attempt"

    private struct State {
        var wasSent = false
        var idled: TimeAmount?
        var wasCut = false
    }

    /// For a request through a proxy without a tunnel: what stands before its path, `http://host:port`.
    let prefix: String?
    private let state = Guarded(State())

    init(prefix: String?) { self.prefix = prefix }

    /// Whether the head of the request has been handed to the connection. `false` is certain: nothing went out.
    var wasSent: Bool { state.withLock { $0.wasSent } }

    /// How long the connection had been idle that the request went out on; `nil` if it was a new one.
    var idled: TimeAmount? { state.withLock { $0.idled } }

    /// Whether the answer's body was longer, decompressed, than is kept, and ended there.
    var wasCut: Bool { state.withLock { $0.wasCut } }

    func noteCut() { state.withLock { $0.wasCut = true } }

    func noteSent(after idled: TimeAmount?) {
        state.withLock { state in
            state.wasSent = true
            state.idled = idled
        }
    }
}

/// The tickets of all attempts under way.
final class AttemptTickets: Sendable {
    private struct State {
        var last: UInt64 = 0
        var open: [String: AttemptTicket] = [:]
    }

    private let state = Guarded(State())

    /// - Returns: What to write into the ``AttemptTicket/header``.
    func open(_ ticket: AttemptTicket) -> String {
        state.withLock { state in
            state.last += 1
            let name = String(state.last)
            state.open[name] = ticket
            return name
        }
    }

    func close(_ name: String) { state.withLock { $0.open[name] = nil } }

    subscript(name: String) -> AttemptTicket? { state.withLock { $0.open[name] } }
}
#endif
