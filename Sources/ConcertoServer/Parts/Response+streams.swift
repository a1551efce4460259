#if Server
import Concerto
import HTTPTypes
public import Hummingbird
import NIOCore
import ConcertoRuntime
import Foundation

/// An event of a stream of server-sent events.
public struct ServerSentEventMessage: Sendable, Hashable {
    /// The event's data; each of its lines becomes one of the message.
    public var data: String
    /// The event's kind; `nil` for `message`.
    public var event: String?
    /// What a client that comes back sends as `Last-Event-ID`.
    public var id: String?

    /// An event.
    public init(data: String, event: String? = nil, id: String? = nil) {
        self.data = data
        self.event = event
        self.id = id
    }

    /// The event as it is sent. Names and ids end at their first line break, which would begin another field.
    var text: String {
        var text = ""
        if let event { text += "event: \(Self.oneLine(event))\n" }
        if let id { text += "id: \(Self.oneLine(id))\n" }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            text += "data: \(line)\n"
        }
        return text + "\n"
    }

    private static func oneLine(_ text: String) -> Substring { text.prefix { !$0.isNewline } }
}

extension Response {
    /// An answer that sends `events` as they come.
    ///
    /// The route should have no deadline but is not ended by one either.
    /// - Cancellation: when the client goes, the sequence's `next` is cancelled; when the server begins to end it is cancelled
    ///   too, and the stream ends as if it were over.
    /// - Throws: What the sequence throws ends the connection, so that a client knows that something is missing.
    public static func serverSentEvents<Events: AsyncSequence & Sendable>(_ events: Events) -> Response
    where Events.Element == ServerSentEventMessage {
        streaming(events, contentType: "text/event-stream") { ByteBuffer(string: $0.text) }
    }

    /// An answer that sends each element as a line of JSON as it comes; as ``serverSentEvents(_:)`` otherwise. The route's
    /// deadline counts.
    public static func ndjson<Elements: AsyncSequence & Sendable>(_ elements: Elements) -> Response
    where Elements.Element: Encodable & Sendable {
        streaming(elements, contentType: "application/x-ndjson") { element in
            var buffer = ByteBuffer(bytes: try JSONEncoder().encode(element))
            buffer.writeString("\n")
            return buffer
        }
    }

    private static func streaming<Elements: AsyncSequence & Sendable>(
        _ elements: Elements, contentType: String,
        _ encode: @escaping @Sendable (Elements.Element) throws -> ByteBuffer
    ) -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType, .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                let drain = RequestScope.current.drain
                // One after the other: what is called here is awaited before anybody else writes.
                nonisolated(unsafe) var given = writer
                do {
                    try await withCancellation(of: drain) {
                        for try await element in elements { try await given.write(try encode(element)) }
                    }
                } catch  where drain.isCancellationRequested && !Task.isCancelled {
                    // The server ends: so does the stream, and its client comes back elsewhere.
                }
                try await given.finish(nil)
            })
    }
}
#endif
