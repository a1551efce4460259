#if Batch
import ConcertoStreams

/// Splits a file descriptor into lines: one chunk of the input and the unfinished line are all it holds.
///
/// Not thread-safe; blocking.
struct LineReader {
    /// A line longer than this is no API call but a file without line breaks.
    static let maximumLineLength = 64 << 20
    static let chunkSize = ByteSource.chunkSize

    private let source: ByteSource
    private var splitter: LineSplitter
    private var atEnd = false
    /// What has come before the input has been seen to hold rows.
    private var head: [UInt8] = []
    /// What messages call the input, until it has been seen to hold rows; `nil` where nobody looks.
    private var unjudged: String?
    /// Whether the input has turned out to be a list of URLs.
    private(set) var holdsURLs = false

    /// The number of the line that was taken last.
    var lineNumber: Int { splitter.lineNumber }
    /// Bytes up to the end of the line that was taken last, its line break included.
    var offset: Int64 { Int64(splitter.offset) }

    /// - Parameters:
    ///   - owner: Whose descriptor it is; kept as long as it is read.
    ///   - longest: Bytes that a line may have.
    ///   - polls: Whether the descriptor does not block, so that reading must wait by itself.
    ///   - judging: What to call an input that turns out to hold no rows; `nil` to take every line as it is.
    init(
        descriptor: CInt, of owner: InputFile? = nil, longest: Int = maximumLineLength, polls: Bool = false,
        judging name: String? = nil
    ) {
        source = ByteSource(descriptor: descriptor, of: owner, polls: polls)
        splitter = LineSplitter(limit: min(longest, .max / 2))
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
        do {
            guard var line = try atEnd ? splitter.finish() : splitter.next() else { return nil }
            if atEnd, line.last == 0x0D { line.removeLast() }
            // A byte order mark begins a file, and a file may be one of several that were put together.
            if line.starts(with: InputFormat.byteOrderMark) { line.removeFirst(InputFormat.byteOrderMark.count) }
            return line
        } catch {
            throw BatchError.configuration(
                "line \(error.line) of the input is longer than 64 MiB; rows stand on a line each (NDJSON)")
        }
    }

    /// Reads one chunk; `false` at the end of the input. Blocks while the input has nothing.
    mutating func fill() throws -> Bool {
        let isJudged = unjudged == nil
        // `take` is called while this value is being changed: it changes what is its own.
        var (splitter, head) = (self.splitter, self.head)
        (self.splitter, self.head) = (LineSplitter(), [])
        defer { (self.splitter, self.head) = (splitter, head) }
        let more = try source.read { bytes in
            if isJudged { splitter.append(bytes) } else { head.append(contentsOf: bytes) }
        }
        if !more { atEnd = true }
        return more
    }

    /// Whether the input looks like rows by now.
    ///
    /// - Throws: ``BatchError`` if it is something else.
    private mutating func judge() throws -> Bool {
        guard let name = unjudged else { return true }
        switch InputFormat.judge(head[...], isWhole: atEnd || head.count >= Self.chunkSize / 4) {
        case .undecided: return false
        case .rows: break
        case .urls: holdsURLs = true
        case .other(let what): throw BatchError.configuration("\(name) \(what)")
        }
        unjudged = nil
        splitter.append(head)
        head = []
        return true
    }
}
#endif
