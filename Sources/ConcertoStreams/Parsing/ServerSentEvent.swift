public import Concerto

/// An event of a server-sent event stream.
public struct ServerSentEvent: Sendable, Hashable {
    /// What kind it is; `message` if the server names none.
    public var event: String

    /// Its data; lines are joined by LF.
    public var data: String

    /// The last id that the server has sent, with this event or before; where to go on after a break.
    public var id: String

    /// Creates an event.
    public init(event: String = "message", data: String, id: String = "") {
        self.event = event
        self.data = data
        self.id = id
    }
}

/// An event is larger than is allowed.
public struct EventTooLargeError: Error, Hashable, CustomStringConvertible {
    /// The line, from 1, with which it became so.
    public let line: Int
    /// How many bytes of data are allowed.
    public let limit: Int

    /// Creates an error.
    public init(line: Int, limit: Int) {
        self.line = line
        self.limit = limit
    }

    /// What happened and what to do.
    public var description: String {
        "the data of a server-sent event is longer than \(limit) bytes at line \(line): raise the limit, or look what comes"
    }
}

extension AsyncSequence where Element: Collection<UInt8> & SendableMetatype {
    /// The events of a stream of server-sent events (`text/event-stream`) that comes in pieces; see ``EventStreamParser``.
    ///
    /// - Cancellation: is the source's.
    /// - Where it runs: on the caller's executor.
    /// - Ordering: an event comes with the blank line that ends it; one that is unfinished when the source ends is none.
    /// - Allocates: a piece, and the events that it completes.
    /// - Parameter limit: How many bytes of data an event may have, and a line.
    /// - Throws: while it is read ``LineTooLongError`` and ``EventTooLargeError``, after the events before; `ArgumentError`
    ///   if `limit` is below 1.
    public func serverSentEvents(
        limit: Int = 1 << 20
    ) throws(ArgumentError) -> ParsedSequence<Self, ServerSentEvent> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return ParsedSequence(base: self) {
            var parser = EventStreamParser(limit: limit)
            return { piece, events in
                guard let piece else { return }
                parser.append(piece)
                while let event = try parser.next() { events.append(event) }
            }
        }
    }
}
