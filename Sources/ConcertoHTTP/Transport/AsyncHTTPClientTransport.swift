#if HTTP
public import AsyncHTTPClient
import Concerto
public import ConcertoResilience
import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// AsyncHTTPClient as a transport.
///
/// Speaks HTTP/1.1 unless told otherwise, understands gzip (and asks for it where a call says nothing of
/// `Accept-Encoding`), follows no redirect: that is ``ResilientHTTPClient``'s to do. Nothing of the environment is looked
/// at: neither `HTTP_PROXY` nor `SSL_CERT_FILE`.
public struct AsyncHTTPClientTransport: HTTPTransport {
    /// A request that was turned away unsent, because its connection was just being closed, is sent on another one; one that
    /// this machine had no descriptor or port for, after idle connections have been closed and a moment (1.5 s in all) has
    /// passed. So often.
    private static let attempts = 5

    private let connections: HTTPConnections
    private let maximumBody: Int

    /// Creates a transport over the connections that all such transports of the process share, with the defaults of
    /// ``HTTPTransportOptions``.
    ///
    /// - Parameter maximumBody: Bytes of an answer's body that are kept; the rest is cut off and flagged. Default: 16 MiB.
    public init(maximumBody: Int = 1 << 24) {
        connections = .shared
        self.maximumBody = maximumBody
    }

    /// Creates a transport with connections of its own, which ``shutdown()`` closes.
    ///
    /// - Throws: An error that names every option that can't work.
    public init(options: HTTPTransportOptions) throws(InvalidOptionsError) {
        try options.validate()
        connections = HTTPConnections(options)
        maximumBody = options.maximumBody
    }

    /// Creates a transport.
    ///
    /// - Parameters:
    ///   - client: The client; the transport does not shut it down. Make it of a ``guarded(_:)`` configuration: without the
    ///     guard, a server that answers with a status below 100 ends the process (AsyncHTTPClient 1.37).
    ///   - maximumBody: Bytes of an answer's body that are kept; the rest is cut off and flagged. Default: 16 MiB.
    public init(client: HTTPClient, maximumBody: Int = 1 << 24) {
        connections = HTTPConnections(client)
        self.maximumBody = maximumBody
    }

    /// Closes the transport's own connections; those that others share stay open. Calls under way end with an error.
    public func shutdown() async throws { try await connections.shutdown() }

    /// Connections that nobody uses just now.
    package var idleConnections: Int { connections.watch.idle }

    /// Sends `call` once; see ``HTTPTransport/send(_:)``.
    ///
    /// - Allocates: what AsyncHTTPClient needs, and the body.
    public func send(_ call: HTTPCall) async throws -> HTTPReply {
        let (call, address) = try call.prepared()
        var attempt = 1
        while true {
            // asynclint:ignore:next retry-without-backoff — nothing was sent, and the next connection is another one
            do {
                return try await send(call, address)
            } catch let turnedAway as TurnedAway {
                guard attempt < Self.attempts else { throw turnedAway.failure }
            } catch let failure as HTTPFailure where failure.kind == .local {
                guard attempt < Self.attempts else { throw failure }
                connections.watch.makeRoom()
                try await Task.delay(for: .milliseconds(50 << attempt))
            }
            attempt += 1
        }
    }

    private func send(_ call: HTTPCall, _ address: HTTPAddress) async throws -> HTTPReply {
        let (client, ticket, name, request) = connections.request(for: call, to: address)
        defer { if let name { connections.watch.tickets.close(name) } }
        do {
            let response = try await client.execute(request, deadline: .distantFuture)
            let reply = try await collect(response)
            if reply.status == 407, ticket?.prefix != nil { throw HTTPClientError.proxyAuthenticationRequired }
            return reply
        } catch {
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            let failure = await connections.failure(error, to: address)
            guard let ticket else { throw failure }
            if !ticket.wasSent {
                // A connection was there, and was gone when the request came to it.
                guard failure.kind != .closed, !(error is AnswerGuard.Stale) else {
                    throw TurnedAway(failure: failure.unsent())
                }
                throw failure.unsent()
            }
            throw failure.reused(after: ticket.idled)
        }
    }

    /// The connection was closed before the request was sent.
    private struct TurnedAway: Error {
        var failure: HTTPFailure
    }

    private func collect(_ response: HTTPClientResponse) async throws -> HTTPReply {
        var reply = HTTPReply(status: Int(response.status.code), headers: response.headers)
        do {
            for try await var chunk in response.body {
                let room = maximumBody - reply.body.readableBytes
                if chunk.readableBytes > room {
                    if var fitting = chunk.readSlice(length: room) { reply.body.writeBuffer(&fitting) }
                    reply.isTruncated = true
                    // Leaving the loop drops the stream, which closes the connection: the rest is never received.
                    break
                }
                if reply.body.readableBytes == 0 { reply.body = chunk } else { reply.body.writeBuffer(&chunk) }
            }
        } catch NIOHTTPDecompression.DecompressionError.limit {
            // Decompressed, it is longer than is kept.
            reply.isTruncated = true
        }
        if connections.decompresses(reply) {
            // They speak of the body as it came.
            reply.headers.remove(name: "content-encoding")
            reply.headers.remove(name: "content-length")
        }
        return reply
    }

    /// `configuration` with a guard on every connection, against answers that AsyncHTTPClient (1.37) traps on, and without
    /// redirects, which are not the transport's to follow.
    public static func guarded(_ configuration: HTTPClient.Configuration) -> HTTPClient.Configuration {
        var configuration = configuration
        configuration.addGuards(watch: nil)
        return configuration
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
