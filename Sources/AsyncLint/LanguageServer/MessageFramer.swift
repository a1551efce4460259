#if Lint
/// Cuts a stream of bytes into the messages of the language server protocol: headers, an empty line, and as many bytes as
/// `Content-Length` says.
struct MessageFramer: Sendable {
    enum Frame: Sendable, Equatable {
        case message([UInt8])
        /// Headers that say no usable length; what follows is looked at for headers again.
        case malformed(String)
    }

    /// A message above it is refused: nobody edits such a file, and it would be kept in memory while it comes in.
    static let maximumLength = 64 << 20
    /// Headers above it are none.
    private static let maximumHeaderLength = 4096
    private static let separator = Array("\r\n\r\n".utf8)

    private var buffer: [UInt8] = []
    /// What of `buffer` has been handed out, and how far it was searched for the end of the headers.
    private var start = 0
    private var searched = 0
    /// The length of the message whose headers have been read.
    private var length: Int?
    /// How much of a refused message is still to come.
    private var skipped = 0

    mutating func append(_ bytes: some Collection<UInt8>) { buffer += bytes }

    /// The next frame that is complete.
    mutating func next() -> Frame? {
        while true {
            if skipped > 0 {
                let count = min(skipped, buffer.count - start)
                advance(count)
                skipped -= count
                if skipped > 0 { return nil }
            }
            if let length {
                guard buffer.count - start >= length else { return nil }
                let message = Array(buffer[start..<start + length])
                advance(length)
                self.length = nil
                return .message(message)
            }
            guard let end = headerEnd() else {
                guard buffer.count - start > Self.maximumHeaderLength else { return nil }
                advance(buffer.count - start)
                return .malformed("more than \(Self.maximumHeaderLength) bytes without the end of a header")
            }
            let header = String(decoding: buffer[start..<end], as: UTF8.self)
            advance(end + Self.separator.count - start)
            guard let said = Self.contentLength(header) else {
                return .malformed("a header without a Content-Length that is a number")
            }
            guard said <= Self.maximumLength else {
                skipped = said
                return .malformed("a message of \(said) bytes; at most \(Self.maximumLength) are read")
            }
            length = said
        }
    }

    private mutating func headerEnd() -> Int? {
        var index = max(start, searched)
        while index + Self.separator.count <= buffer.count {
            if buffer[index] == 0x0D, buffer[index..<index + Self.separator.count].elementsEqual(Self.separator) {
                return index
            }
            index += 1
        }
        searched = index
        return nil
    }

    private mutating func advance(_ count: Int) {
        start += count
        searched = start
        guard start == buffer.count || start > 1 << 16 else { return }
        buffer.removeSubrange(..<start)
        searched = 0
        start = 0
    }

    private static func contentLength(_ header: String) -> Int? {
        for line in header.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            guard line[..<colon].lowercased() == "content-length" else { continue }
            let number = line[line.index(after: colon)...].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            return UInt32(String(number)).map(Int.init)
        }
        return nil
    }
}
#endif
