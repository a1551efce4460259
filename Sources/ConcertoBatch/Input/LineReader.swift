#if Batch
import Foundation

/// Splits a file descriptor into lines: one chunk of the input and the unfinished line are all it holds.
///
/// Not thread-safe; blocking.
struct LineReader {
    /// A line longer than this is no API call but a file without line breaks.
    static let maximumLineLength = 64 << 20
    static let chunkSize = 256 << 10

    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var start = 0
    /// Bytes from `start` that hold no line break: they are not searched twice.
    private var searched = 0
    private var atEnd = false
    private(set) var lineNumber = 0
    /// Bytes up to the end of the line that was taken last, its line break included.
    private(set) var offset: Int64 = 0
    /// What messages call the input, until it has been seen to hold rows; `nil` where nobody looks.
    private var unjudged: String?
    /// Whether a read returns at once where there is nothing: then the wait comes before.
    private let polls: Bool
    private let longest: Int
    /// Keeps the descriptor open: another file would get its number.
    private let owner: InputFile?

    /// - Parameters:
    ///   - owner: Whose descriptor it is; kept as long as it is read.
    ///   - longest: Bytes that a line may have.
    ///   - polls: Whether the descriptor does not block, so that reading must wait by itself.
    ///   - judging: What to call an input that turns out to hold no rows; `nil` to take every line as it is.
    init(
        descriptor: CInt, of owner: InputFile? = nil, longest: Int = maximumLineLength, polls: Bool = false,
        judging name: String? = nil
    ) {
        self.owner = owner
        self.descriptor = descriptor
        self.longest = longest
        self.polls = polls
        unjudged = name
    }

    /// The next line without its line break, or `nil` at the end. Blocks while the input has nothing.
    mutating func next() throws -> ArraySlice<UInt8>? {
        while true {
            if let line = try buffered() { return line }
            if atEnd { return nil }
            _ = try fill()
        }
    }

    /// The next line that has already been read, or `nil`.
    mutating func buffered() throws -> ArraySlice<UInt8>? {
        guard try judge() else { return nil }
        let from = start + searched
        let newline = buffer.withUnsafeBytes { bytes -> Int? in
            guard from < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + from, 0x0A, bytes.count - from)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
        if let newline { return take(upTo: newline, skipping: 1) }
        searched = buffer.count - start
        guard searched <= longest else {
            throw BatchError.configuration(
                "line \(lineNumber + 1) of the input is longer than 64 MiB; rows stand on a line each (NDJSON)")
        }
        guard atEnd, start < buffer.count else { return nil }
        return take(upTo: buffer.count, skipping: 0)
    }

    /// Reads one chunk; `false` at the end of the input. Blocks while the input has nothing.
    mutating func fill() throws -> Bool {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        let count = try readChunk()
        if count == 0 { atEnd = true }
        return !atEnd
    }

    /// Whether the input looks like rows by now.
    ///
    /// - Throws: ``BatchError`` if it is something else.
    private mutating func judge() throws -> Bool {
        guard let name = unjudged else { return true }
        switch InputFormat.judge(buffer[start...], isWhole: atEnd || buffer.count >= Self.chunkSize / 4) {
        case .undecided: return false
        case .rows: unjudged = nil
        case .other(let what): throw BatchError.configuration("\(name) \(what)")
        }
        return true
    }

    private mutating func readChunk() throws -> Int {
        let used = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunkSize))
        let (descriptor, polls) = (descriptor, polls)
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let free = bytes.baseAddress?.advanced(by: used) else { return 0 }
            var mustWait = polls
            while true {
                if mustWait { Self.waitForInput(descriptor) }
                let count = read(descriptor, free, Self.chunkSize)
                if count >= 0 { return count }
                // Whoever shares a pipe with us may have made it one that does not block.
                mustWait = errno == EAGAIN
                if errno != EINTR && errno != EAGAIN { return count }
            }
        }
        let failure = errno
        buffer.removeLast(Self.chunkSize - max(0, count))
        guard count >= 0 else {
            throw BatchError.configuration("the input can't be read: \(String(cString: strerror(failure)))")
        }
        return count
    }

    /// Returns when there is something to read, or the last writer has gone.
    private static func waitForInput(_ descriptor: CInt) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, -1) < 0, errno == EINTR {}
    }

    private mutating func take(upTo end: Int, skipping separator: Int) -> ArraySlice<UInt8> {
        var line = buffer[start..<end]
        if line.last == 0x0D { line.removeLast() }
        // A byte order mark begins a file, and a file may be one of several that were put together.
        if line.starts(with: InputFormat.byteOrderMark) { line.removeFirst(InputFormat.byteOrderMark.count) }
        offset += Int64(end + separator - start)
        start = end + separator
        searched = 0
        lineNumber += 1
        return line
    }
}
#endif
