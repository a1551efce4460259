/// Reads server-sent events from bytes as they come, by the rules of the HTML standard (section 9.2).
///
/// Lines end with LF, CR or CR LF and nothing else. Comments are skipped, an event without data is none, an id stays for the
/// events after it, one that holds NUL is ignored, and so is a reconnection time that is not all digits. Text that is no
/// UTF-8 is repaired. A border between two appended pieces means nothing.
public struct EventStreamParser: Sendable {
    private var lines: LineSplitter
    private let limit: Int
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false

    /// The last id that came with an event that has ended; to be sent as `Last-Event-ID` when the stream is opened again.
    public private(set) var lastEventID: String
    private var nextID: String

    /// How long to wait before the stream is opened again, if the server has said so.
    public private(set) var retry: Duration?

    /// Creates a parser.
    ///
    /// - Parameters:
    ///   - lastEventID: The id of the last event of the connection before.
    ///   - limit: How many bytes of data an event may have, and a line.
    public init(lastEventID: String = "", limit: Int = 1 << 20) {
        self.lastEventID = lastEventID
        nextID = lastEventID
        self.limit = limit
        // A field has a name before its value.
        lines = LineSplitter(separator: .any, limit: limit > .max - 16 ? limit : limit + 16)
    }

    /// Takes in what comes next.
    public mutating func append(_ bytes: some Collection<UInt8>) { lines.append(bytes) }

    /// The next event, if it is there as a whole.
    ///
    /// - Throws: ``LineTooLongError``, ``EventTooLargeError``.
    public mutating func next() throws -> ServerSentEvent? {
        while let line = try lines.next() {
            guard !line.isEmpty else {
                if let event = dispatch() { return event }
                continue
            }
            guard let colon = line.firstIndex(of: 0x3A) else {
                try take(line[...], line[line.endIndex...])
                continue
            }
            var value = line[(colon + 1)...]
            if value.first == 0x20 { value = value.dropFirst() }
            try take(line[..<colon], value)
        }
        return nil
    }

    private mutating func take(_ field: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws {
        switch String(decoding: field, as: UTF8.self) {
        case "data":
            if hasData { data.append(0x0A) }
            hasData = true
            guard data.count + value.count <= limit else {
                throw EventTooLargeError(line: lines.lineNumber, limit: limit)
            }
            data.append(contentsOf: value)
        case "event":
            event = String(decoding: value, as: UTF8.self)
        case "id":
            if !value.contains(0) { nextID = String(decoding: value, as: UTF8.self) }
        case "retry":
            if !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }),
                let milliseconds = Int64(String(decoding: value, as: UTF8.self))
            {
                retry = .milliseconds(milliseconds)
            }
        default:
            // A comment, whose name is empty, or what a later standard brings.
            break
        }
    }

    /// Ends the event.
    private mutating func dispatch() -> ServerSentEvent? {
        // Also without data: what the id stands for has been seen.
        lastEventID = nextID
        defer {
            event = ""
            data.removeAll(keepingCapacity: true)
            hasData = false
        }
        guard hasData else { return nil }
        return ServerSentEvent(
            event: event.isEmpty ? "message" : event, data: String(decoding: data, as: UTF8.self), id: lastEventID)
    }
}
