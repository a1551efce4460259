#if HTTP
public import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends one attempt and gives back the complete answer. The seam under which tests put servers of their own.
public protocol HTTPTransport: Sendable {
    /// Sends `call` once.
    ///
    /// - Cancellation: abandons the attempt, closes its connection and throws `CancellationError`.
    /// - Throws: ``HTTPFailure``, or `CancellationError`.
    func send(_ call: HTTPCall) async throws -> HTTPReply
}

/// AsyncHTTPClient as a transport.
public struct AsyncHTTPClientTransport: HTTPTransport {
    private let client: HTTPClient
    private let maximumBody: Int

    /// Creates a transport.
    ///
    /// - Parameters:
    ///   - client: The client; the transport does not shut it down. Default: the one of the process.
    ///   - maximumBody: Bytes of an answer's body that are kept; the rest is cut off and flagged. Default: 16 MiB.
    public init(client: HTTPClient = .shared, maximumBody: Int = 1 << 24) {
        self.client = client
        self.maximumBody = maximumBody
    }

    /// Sends `call` once; see ``HTTPTransport/send(_:)``.
    ///
    /// - Allocates: what AsyncHTTPClient needs, and the body.
    public func send(_ call: HTTPCall) async throws -> HTTPReply {
        var request = HTTPClientRequest(url: call.url)
        request.method = HTTPMethod(rawValue: call.method)
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if let body = call.body { request.body = .bytes(body) }
        do {
            let response = try await client.execute(request, deadline: .distantFuture)
            return try await collect(response)
        } catch {
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            throw HTTPFailure(classifying: error, host: call.host)
        }
    }

    private func collect(_ response: HTTPClientResponse) async throws -> HTTPReply {
        var reply = HTTPReply(status: Int(response.status.code), headers: response.headers)
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
        return reply
    }
}
#endif
