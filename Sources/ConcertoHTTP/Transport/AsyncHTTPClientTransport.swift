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
public struct AsyncHTTPClientTransport: HTTPTransport, HTTPStreamTransport {
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
        try await onAnyConnection(call) { exchange in try await collect(exchange.start(), of: exchange) }
    }

    /// Sends `call` once; see ``HTTPStreamTransport/open(_:)``.
    ///
    /// Asks for a body that is not compressed, unless the call says something of `Accept-Encoding`: a compressed one, which is
    /// decompressed, may only be as long as ``HTTPTransportOptions/maximumBody``.
    /// - Allocates: what AsyncHTTPClient needs. Of the body it holds what has come and was not asked for yet, up to a limit;
    ///   then the server waits.
    public func open(_ call: HTTPCall) async throws -> HTTPStreamReply {
        var call = call
        if !call.hasHeader("accept-encoding") { call.headers.append(("Accept-Encoding", "identity")) }
        return try await onAnyConnection(call) { exchange in
            let response = try await exchange.start()
            var reply = HTTPStreamReply(
                status: Int(response.status.code), headers: response.headers,
                body: HTTPBody(ReceivedBody(body: response.body, exchange: exchange, limit: maximumBody)))
            if connections.decompresses(reply.headers) {
                reply.headers.remove(name: "content-encoding")
                reply.headers.remove(name: "content-length")
            }
            return reply
        }
    }

    private func onAnyConnection<Reply>(
        _ call: HTTPCall, _ send: (HTTPExchange) async throws -> Reply
    ) async throws -> Reply {
        let (call, address) = try call.prepared()
        var attempt = 1
        while true {
            // asynclint:ignore:next retry-without-backoff — nothing was sent, and the next connection is another one
            do {
                let exchange = HTTPExchange(connections, call, to: address)
                do { return try await send(exchange) } catch { throw await exchange.failure(error) }
            } catch let turnedAway as HTTPExchange.TurnedAway {
                guard attempt < Self.attempts else { throw turnedAway.failure }
            } catch let failure as HTTPFailure where failure.kind == .local {
                guard attempt < Self.attempts else { throw failure }
                connections.watch.makeRoom()
                try await Task.delay(for: .milliseconds(50 << attempt))
            }
            attempt += 1
        }
    }

    private func collect(_ response: HTTPClientResponse, of exchange: HTTPExchange) async throws -> HTTPReply {
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
            // Of a client of somebody else's. Decompressed, it is longer than is kept.
            reply.isTruncated = true
        }
        if exchange.wasCut { reply.isTruncated = true }
        if reply.body.readableBytes > 0, connections.decompresses(reply.headers) {
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
#endif
