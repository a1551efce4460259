#if HTTP
import AsyncHTTPClient
import NIOCore
import NIOHTTPCompression

/// The body of an answer as AsyncHTTPClient hands it out; its errors are ours.
struct ReceivedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let body: HTTPClientResponse.Body
    /// Lives as long as anybody reads.
    let exchange: HTTPExchange
    /// Of a body that is decompressed.
    let limit: Int

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), exchange: exchange, limit: limit)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: HTTPClientResponse.Body.AsyncIterator
        let exchange: HTTPExchange
        let limit: Int

        mutating func next() async throws -> ByteBuffer? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            do {
                let piece = try await body.next(isolation: actor)
                guard piece == nil, exchange.wasCut else { return piece }
                throw HTTPBodyTooLargeError(limit: limit)
            } catch let error as HTTPBodyTooLargeError {
                throw error
            } catch NIOHTTPDecompression.DecompressionError.limit {
                throw HTTPBodyTooLargeError(limit: limit)
            } catch {
                throw await exchange.failure(error)
            }
        }
    }
}
#endif
