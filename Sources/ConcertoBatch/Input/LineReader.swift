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

    init(descriptor: CInt) { self.descriptor = descriptor }

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
        let from = start + searched
        let newline = buffer.withUnsafeBytes { bytes -> Int? in
            guard from < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + from, 0x0A, bytes.count - from)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
        if let newline { return take(upTo: newline, skipping: 1) }
        searched = buffer.count - start
        guard searched <= Self.maximumLineLength else {
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

    private mutating func readChunk() throws -> Int {
        let used = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunkSize))
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            while true {
                let count = read(descriptor, bytes.baseAddress! + used, Self.chunkSize)
                if count >= 0 || errno != EINTR { return count }
            }
        }
        let failure = errno
        buffer.removeLast(Self.chunkSize - max(0, count))
        guard count >= 0 else {
            throw BatchError.configuration("the input can't be read: \(String(cString: strerror(failure)))")
        }
        return count
    }

    private mutating func take(upTo end: Int, skipping separator: Int) -> ArraySlice<UInt8> {
        var line = buffer[start..<end]
        if line.last == 0x0D { line.removeLast() }
        start = end + separator
        searched = 0
        lineNumber += 1
        return line
    }
}
#endif
