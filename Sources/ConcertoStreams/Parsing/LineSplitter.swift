#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What ends a line.
public enum LineSeparator: Sendable, Hashable {
    /// LF, or CR LF; a CR that no LF follows belongs to the line.
    case lineFeed
    /// LF, CR, or CR LF.
    case any
}

/// A line that is longer than is allowed.
public struct LineTooLongError: Error, Hashable, CustomStringConvertible {
    /// Which line, from 1.
    public let line: Int
    /// Where it begins, in bytes from the start.
    public let offset: Int
    /// How many bytes are allowed.
    public let limit: Int

    /// Creates an error.
    public init(line: Int, offset: Int, limit: Int) {
        self.line = line
        self.offset = offset
        self.limit = limit
    }

    /// What happened and what to do.
    public var description: String {
        "line \(line), at byte \(offset), is longer than \(limit) bytes: is this text in lines? Else raise the limit"
    }
}

/// Cuts bytes into lines as they come, in memory of one line and what was appended last.
///
/// Lines come without what ends them; empty ones too, but none after a last LF. Vertical tab, form feed, NEL, U+2028 and
/// U+2029 are part of a line. A byte order mark at the start is dropped. A border between two appended pieces means nothing.
public struct LineSplitter: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0
    /// Bytes from `start` on that hold no separator: they are not searched twice.
    private var searched = 0
    private var isAtStart = true
    /// Whether the line before ended with a CR, so that an LF that comes now belongs to it.
    private var skipsLineFeed = false
    private let separator: LineSeparator
    private let limit: Int

    /// The number of the last line that came out, from 1; 0 before the first.
    public private(set) var lineNumber = 0

    /// Where the next line begins, in bytes from the start.
    public private(set) var offset = 0

    /// Creates a splitter.
    ///
    /// - Parameters:
    ///   - separator: What ends a line.
    ///   - limit: How many bytes a line may have.
    public init(separator: LineSeparator = .lineFeed, limit: Int = 16 << 20) {
        self.separator = separator
        self.limit = limit
    }

    /// Takes in what comes next.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        reclaim()
        buffer.append(contentsOf: bytes)
    }

    /// Takes in what `read` puts into a piece of memory of `count` bytes.
    ///
    /// - Parameter read: Returns how many bytes it has put there.
    /// - Returns: What `read` returned.
    mutating func append(upTo count: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        reclaim()
        let used = buffer.count
        buffer.reserveCapacity(used + count)
        buffer.append(contentsOf: repeatElement(0, count: count))
        let got = buffer.withUnsafeMutableBytes { bytes in
            read(UnsafeMutableRawBufferPointer(rebasing: bytes[used..<(used + count)]))
        }
        buffer.removeLast(count - max(0, got))
        return got
    }

    private mutating func reclaim() {
        guard start > 0 else { return }
        buffer.removeFirst(start)
        start = 0
    }

    /// The next line, if it is there as a whole.
    ///
    /// - Throws: ``LineTooLongError``.
    public mutating func next() throws(LineTooLongError) -> ArraySlice<UInt8>? {
        if isAtStart {
            // The mark may come byte by byte.
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let prefix = buffer[start...].prefix(3)
            if prefix.count < 3, mark.starts(with: prefix) { return nil }
            if prefix.elementsEqual(mark) {
                start += 3
                offset += 3
            }
            isAtStart = false
        }
        if skipsLineFeed, start < buffer.count {
            skipsLineFeed = false
            if buffer[start] == 0x0A {
                start += 1
                offset += 1
            }
        }
        let from = start + searched
        guard let end = find(from) else {
            searched = buffer.count - start
            // A CR at the end may still be a part of the separator.
            if searched > limit + 1 || searched == limit + 1 && buffer.last != 0x0D { throw tooLong() }
            return nil
        }
        var line = buffer[start..<end]
        let isCarriageReturn = buffer[end] == 0x0D
        if separator == .lineFeed, line.last == 0x0D { line.removeLast() }
        guard line.count <= limit else { throw tooLong() }
        lineNumber += 1
        offset += end + 1 - start
        start = end + 1
        searched = 0
        skipsLineFeed = isCarriageReturn
        return line
    }

    /// What is left when nothing more comes: a last line that nothing ended.
    public mutating func finish() throws(LineTooLongError) -> ArraySlice<UInt8>? {
        if isAtStart, buffer[start...].elementsEqual([0xEF, 0xBB, 0xBF]) { start = buffer.count }
        isAtStart = false
        if let line = try next() { return line }
        guard start < buffer.count else { return nil }
        let line = buffer[start...]
        guard line.count <= limit else { throw tooLong() }
        lineNumber += 1
        offset += line.count
        start = buffer.count
        searched = 0
        return line
    }

    private func tooLong() -> LineTooLongError {
        LineTooLongError(line: lineNumber + 1, offset: offset, limit: limit)
    }

    private func find(_ from: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard from < bytes.count, let base = bytes.baseAddress else { return nil }
            switch separator {
            case .lineFeed:
                guard let found = memchr(base + from, 0x0A, bytes.count - from) else { return nil }
                return UnsafeRawPointer(found) - base
            case .any:
                return (from..<bytes.count).first { bytes[$0] == 0x0A || bytes[$0] == 0x0D }
            }
        }
    }
}
