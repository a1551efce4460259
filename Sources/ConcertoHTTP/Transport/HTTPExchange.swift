#if HTTP
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One attempt on its way, until its answer has been read or dropped.
final class HTTPExchange: Sendable {
    /// The connection was closed before the request was sent.
    struct TurnedAway: Error {
        var failure: HTTPFailure
    }

    private let connections: HTTPConnections
    private let address: HTTPAddress
    private let client: HTTPClient
    private let request: HTTPClientRequest
    private let ticket: AttemptTicket?
    private let name: String?

    init(_ connections: HTTPConnections, _ call: HTTPCall, to address: HTTPAddress) {
        self.connections = connections
        self.address = address
        (client, ticket, name, request) = connections.request(for: call, to: address)
    }

    deinit { if let name { connections.watch.tickets.close(name) } }

    /// Sends the request, and waits for the head of the answer.
    func start() async throws -> HTTPClientResponse {
        let response = try await client.execute(request, deadline: .distantFuture)
        if response.status.code == 407, ticket?.prefix != nil { throw HTTPClientError.proxyAuthenticationRequired }
        return response
    }

    /// Whether the answer's body was longer, decompressed, than is kept, and ended there.
    var wasCut: Bool { ticket?.wasCut ?? false }

    /// What `error`, of the request or of its answer's body, means: ``HTTPFailure``, `CancellationError` or ``TurnedAway``.
    func failure(_ error: any Error) async -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        let failure = await connections.failure(error, to: address)
        guard let ticket else { return failure }
        if !ticket.wasSent {
            // A connection was there, and was gone when the request came to it.
            guard failure.kind != .closed, !(error is AnswerGuard.Stale) else {
                return TurnedAway(failure: failure.unsent())
            }
            return failure.unsent()
        }
        return failure.reused(after: ticket.idled)
    }
}

extension HTTPFailure {
    /// The same failure, with what may explain it: a connection that had idled may have been closed on its other side when
    /// the request went out.
    fileprivate func reused(after idled: TimeAmount?) -> HTTPFailure {
        guard kind == .closed, let idled, idled >= .milliseconds(1) else { return self }
        var failure = self
        let seconds = Double(idled.nanoseconds) / 1e9
        failure.description += " (it had been idle for \((seconds * 1000).rounded() / 1000) s)"
        return failure
    }
}
#endif
