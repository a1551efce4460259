#if HTTP
public import Concerto
public import NIOCore

/// The body of an answer, in pieces as they come. Where a piece ends means nothing.
///
/// ```swift
/// let reply = try await transport.open(HTTPCall(url: "https://api.example.com/export.ndjson"))
/// for try await line in try reply.body.textLines() { … }                                // of any length, in flat memory
/// for try await row in try reply.body.limited(to: 1 << 30).csv() { … }                  // not more than a gigabyte
/// for try await piece in reply.body.deadline(clock.now.advanced(by: .seconds(60))) { … }      // all of it within a minute
/// ```
///
/// Every operator of `ConcertoStreams` on streams of bytes works here: `textLines`, `ndjson`, `jsonElements`, `csv`,
/// `serverSentEvents`; `timeout(_:)` limits how long a server may be silent, `deadline(_:)` the whole body.
///
/// - Cancellation: closes the connection, and `next` throws `CancellationError`.
/// - Where it runs: what comes is taken on an event loop; a loop that is slow holds the server up.
/// - Allocates: what has come and was not asked for yet, up to a limit of the transport's.
public struct HTTPBody: AsyncSequence, Sendable {
    /// A piece.
    public typealias Element = ByteBufferView
    /// ``HTTPFailure``, ``HTTPBodyTooLargeError`` or `CancellationError`.
    public typealias Failure = any Error

    private let open: @Sendable () -> any AsyncIteratorProtocol<ByteBuffer, any Error>
    private var limit: Int?

    /// Makes a body of what `source` yields.
    public init<Source: AsyncSequence<ByteBuffer, any Error> & Sendable>(_ source: Source) {
        open = { source.makeAsyncIterator() }
    }

    /// The body, if it has no more than `limit` bytes: after those the loop ends with ``HTTPBodyTooLargeError``, and the
    /// connection is closed.
    ///
    /// - Throws: `ArgumentError` if `limit` is negative.
    public func limited(to limit: Int) throws(ArgumentError) -> HTTPBody {
        guard limit >= 0 else { throw ArgumentError("limit", limit, "it must not be negative") }
        var body = self
        body.limit = Swift.min(limit, self.limit ?? .max)
        return body
    }

    /// Starts to read.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(open(), limit) }

    /// Yields the pieces.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// `nil` when it is through: then the connection has been given back or closed.
        private var source: (any AsyncIteratorProtocol<ByteBuffer, any Error>)?
        private let limit: Int?
        private var length = 0

        init(_ source: any AsyncIteratorProtocol<ByteBuffer, any Error>, _ limit: Int?) {
            self.source = source
            self.limit = limit
        }

        /// The next piece, which is not empty.
        public mutating func next() async throws -> ByteBufferView? { try await next(isolation: nil) }

        /// The next piece, which is not empty.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBufferView? {
            do {
                while let piece = try await source?.next(isolation: actor) {
                    guard piece.readableBytes > 0 else { continue }
                    length += piece.readableBytes
                    if let limit, length > limit { throw HTTPBodyTooLargeError(limit: limit) }
                    return piece.readableBytesView
                }
            } catch {
                source = nil
                throw error
            }
            source = nil
            return nil
        }
    }
}

@available(*, unavailable)
extension HTTPBody.AsyncIterator: Sendable {}

/// A body is longer than it may be.
public struct HTTPBodyTooLargeError: Error, Hashable, CustomStringConvertible {
    /// How many bytes it may have.
    public let limit: Int

    /// Creates an error.
    public init(limit: Int) { self.limit = limit }

    /// What happened and what to do.
    public var description: String {
        "the body is longer than \(limit) bytes: raise the limit, or ask the server for less"
    }
}
#endif
